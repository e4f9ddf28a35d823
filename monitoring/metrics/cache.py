"""Figures of the cache, over the last 60 minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _

from core.metrics import Lines, Point, Reading, State, Where
from monitoring.metrics import common

HIT_RATE = "cache_hit_rate_pct"
MADE_OF = ("cache.hits", "cache.lookups", "redis.hits", "redis.misses")


def hit_rate(found: Mapping[str, Lines], as_of: dt.datetime) -> Reading:
    """The library's hits ÷ look-ups, of sums of the last 60 minutes; the server's own rate is in `parts`."""
    # The library's are counts; the server's are rates a second, of intervals of one length.
    hits, lookups, server_hits, server_misses = (
        sum(value for _at, value in common.known(found[name])) for name in MADE_OF
    )
    of_server = server_hits + server_misses
    parts = {
        "hits": int(hits),
        "lookups": int(lookups),
        "server_hit_rate_pct": common.decimal(100 * server_hits / of_server) if of_server else None,
    }
    if not lookups:
        return Reading(None, as_of, State.NO_DATA, _("no look-up in these 60 minutes"), parts)
    note = _("of %(count)s look-ups") % {"count": int(lookups)}
    return Reading(common.decimal(100 * hits / lookups), as_of, note=note, parts=parts)


def cache_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's hits ÷ look-ups."""
    sums = common.by_day(where, ["cache.hits", "cache.lookups"], first, last, "sum")
    shares = {
        day: 100 * sums["cache.hits"].get(day, 0.0) / lookups
        for day, lookups in sums["cache.lookups"].items()
        if lookups
    }
    return common.days(first, last, shares.items(), 2)
