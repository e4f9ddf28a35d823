"""Values in words, by their unit; lines put together over hosts and labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import formats, metrics
from core.formats import NBSP
from core.metrics import Line, Unit

type Values = Sequence[float | None]
type How = Literal["worst", "least", "sum", "mean"]

_HOW: dict[How, Callable[[list[float]], float]] = {
    "worst": max,
    "least": min,
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
}


def unit_of(metric: str) -> Unit | None:
    """The unit of a metric of the registry; None of a custom one."""
    known = metrics.registered().get(metric)
    return known.unit if known else None


def written(value: float | None, unit: Unit | None, currency: str = "") -> str:
    """A value with its unit, short; a dash for None."""
    if value is None:
        return formats.DASH
    match unit:
        case Unit.PERCENT:
            return formats.percent(value, 0 if abs(value) >= 99.95 else 1)
        case Unit.MILLISECONDS:
            return formats.milliseconds(value)
        case Unit.SECONDS:
            return formats.duration(value)
        case Unit.BYTES:
            return formats.size(value)
        case Unit.BYTES_PER_SECOND:
            return f"{formats.size(value)}/s"
        case Unit.PER_SECOND:
            return f"{_plain(value)}/s"
        case Unit.PER_MINUTE:
            return f"{_plain(value)}{NBSP}/min"
        case Unit.MONEY:
            return formats.money(Decimal(str(round(value, 2))), currency or "BRL")
        case _:
            return _plain(value)


def _plain(value: float) -> str:
    size = abs(value)
    return formats.number(value, 0 if value == int(value) or size >= 100 else 1 if size >= 1 else 2)


def axis(unit: Unit | None, currency: str = "") -> Callable[[float], str]:
    """How the rules of a chart are written."""
    if unit in (None, Unit.COUNT, Unit.SCORE, Unit.RATING, Unit.MONEY):
        return lambda value: formats.compact(value, currency or None) if abs(value) >= 1000 else _plain(value)
    return lambda value: written(value, unit, currency)


def combined(lines: Iterable[Line], how: How) -> tuple[float | None, ...]:
    """One value a step over several series; None where none of them has one."""
    rows = [line.values for line in lines]
    if len(rows) == 1:
        return rows[0]
    put = _HOW[how]
    return tuple(put(found) if (found := known(step)) else None for step in zip(*rows, strict=True))


def together(values: Sequence[float], how: How) -> float | None:
    return _HOW[how](list(values)) if values else None


def known(values: Values) -> list[float]:
    return [value for value in values if value is not None]


def clock(at: dt.datetime, step: dt.timedelta, zone: dt.tzinfo | None = None) -> str:
    """A moment of an axis whose points are `step` apart."""
    local = timezone.localtime(at, zone)
    if step < dt.timedelta(minutes=1):
        return local.strftime("%H:%M:%S")
    if step < dt.timedelta(hours=6):
        return local.strftime("%H:%M")
    return local.strftime("%d/%m") if formats.portuguese() else f"{local.day}{NBSP}{local.strftime('%b')}"


def tick(at: dt.datetime, length: dt.timedelta) -> str:
    """The words of a tick below a window of this length."""
    local = timezone.localtime(at)
    if length <= dt.timedelta(minutes=5):
        return local.strftime("%H:%M:%S")
    if length <= dt.timedelta(hours=36):
        return local.strftime("%H:%M")
    if length <= dt.timedelta(days=120):
        return local.strftime("%d/%m") if formats.portuguese() else f"{local.day}{NBSP}{local.strftime('%b')}"
    return formats.month(local)


def ticks(start: dt.datetime, step: dt.timedelta, count: int, about: int = 5) -> list[tuple[int, str]]:
    """Index and words of some moments below a chart of `count` points."""
    places = sorted({round(number * (count - 1) / (about - 1)) for number in range(about)}) if count > 1 else [0]
    return [(place, tick(start + place * step, step * count)) for place in places]


def span(start: dt.datetime, end: dt.datetime) -> str:
    """13:02 to 14:02; with days where they differ."""
    a, b = timezone.localtime(start), timezone.localtime(end)
    if a.date() == b.date():
        words = a.strftime("%H:%M"), b.strftime("%H:%M")
        day = "" if a.date() == timezone.localdate() else f"{formats.day(start)}, "
        return day + _("%(start)s to %(end)s") % {"start": words[0], "end": words[1]}
    if end - start > dt.timedelta(days=120):
        return _("%(start)s to %(end)s") % {"start": formats.day(start), "end": formats.day(end)}
    return _("%(start)s to %(end)s") % {"start": formats.when(start), "end": formats.when(end)}


def step_words(step: dt.timedelta) -> str:
    return pgettext("step of a chart", "a point each %(step)s") % {"step": formats.duration(step)}


def group_zone() -> str:
    return str(settings.TIME_ZONE)
