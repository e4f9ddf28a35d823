"""Figures of the cache, over the last 60 minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Point, Reading, State, Unit, Where, register
from monitoring.metrics import common


def read_cache(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """The library's hits ÷ look-ups over the last 60 minutes; the server's own rate is in `parts`."""
    named = ("cache.hits", "cache.lookups", "redis.hits", "redis.misses")
    found = common.last_hour(named, as_of, "sum")
    # The library's are counts; the server's are rates a second, of intervals of one length.
    hits, lookups, server_hits, server_misses = (
        sum(value for _at, value in common.known(found[name])) for name in named
    )
    of_server = server_hits + server_misses
    parts = {
        "hits": int(hits),
        "lookups": int(lookups),
        "server_hit_rate_pct": common.decimal(100 * server_hits / of_server) if of_server else None,
    }
    if not lookups:
        nothing = Reading(None, as_of, State.NO_DATA, _("no look-up in these 60 minutes"), parts)
        return dict.fromkeys(names, nothing)
    note = _("of %(count)s look-ups") % {"count": int(lookups)}
    return dict.fromkeys(names, Reading(common.decimal(100 * hits / lookups), as_of, note=note, parts=parts))


def cache_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's hits ÷ look-ups."""
    sums = common.by_day(where, ["cache.hits", "cache.lookups"], first, last, "sum")
    shares = {
        day: 100 * sums["cache.hits"].get(day, 0.0) / lookups
        for day, lookups in sums["cache.lookups"].items()
        if lookups
    }
    return common.days(first, last, shares.items(), 2)


register(
    Metric(
        "cache_hit_rate_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Cache hit rate"),
        gettext_lazy("Look-ups in the cache that found a value ÷ all look-ups, last 60 minutes, all processes."),
        read_cache,
        cache_series,
        higher_is_better=True,
        per_agency=False,
        decimals=1,
    ),
)
