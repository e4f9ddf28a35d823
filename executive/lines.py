"""The small line of each tile: one value a day of the last 30, over the 30 before.

A line reads rows of two months and more, far more than the page itself. So it is computed once the page stands,
by a request of its own, and kept for all viewers of the same figures; the page draws what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.core.cache import cache
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import charts, metrics
from core.metrics import UnknownMetric
from executive import trends, words
from executive.figures import FIELDS
from executive.scope import Asked

DAYS = 30
# Seconds. The value of the tile is always of now; its line may be this old.
KEPT = 600

Values = list[Decimal | None]
Lines = dict[str, tuple[Values, Values]]


def kept(asked: Asked) -> Lines | None:
    """The lines computed in the last ten minutes, or None."""
    found = cache.get(_key(asked))
    if found is None:
        return None
    return {name: (_values(now), _values(before)) for name, (now, before) in found.items()}


def compute(asked: Asked) -> Lines:
    """The lines of every figure that has a value for each day, kept for the next who ask."""
    found: Lines = {}
    for name in FIELDS:
        if _has_days(name) and (asked.currency or not trends.is_money(name)):
            trend = trends.trend(asked, name, DAYS)
            found[name] = ([point.value for point in trend.points], [point.value for point in trend.previous])
    texts = {name: [_texts(now), _texts(before)] for name, (now, before) in found.items()}
    cache.set(_key(asked), texts, KEPT)
    return found


def drawn(lines: Lines, asked: Asked) -> Mapping[str, SafeString]:
    """Each line as a picture; none where fewer than two days are known."""
    return {name: _draw(name, now, before, asked) for name, (now, before) in lines.items() if len(_known(now)) > 1}


def _draw(name: str, now: Values, before: Values, asked: Asked) -> SafeString:
    metric, currency = metrics.get(name), asked.currency or "BRL"
    known = _known(now)
    first, last = (words.text(value, metric.unit, currency, metric.decimals) for value in (known[0], known[-1]))
    takeaway = _("%(label)s in 30 days: from %(first)s to %(last)s") % {
        "label": metric.label,
        "first": first,
        "last": last,
    }
    ghost = before if len(_known(before)) > 1 else []
    return charts.sparkline(_floats(now), ghost=_floats(ghost), takeaway=takeaway)


def _has_days(name: str) -> bool:
    try:
        return metrics.get(name).series is not None
    except UnknownMetric:
        return False


def _key(asked: Asked) -> str:
    # Everything that the values depend on, and nothing of the viewer: who may see them was asked before.
    return f"executive:lines:{asked.agency.pk if asked.agency else 0}:{asked.where.currency or ''}:{asked.moment.day}"


def _known(values: Values) -> list[Decimal]:
    return [value for value in values if value is not None]


def _texts(values: Values) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


def _values(texts: list[str | None]) -> Values:
    return [None if text is None else Decimal(text) for text in texts]


def _floats(values: Values) -> list[float | None]:
    return [None if value is None else float(value) for value in values]
