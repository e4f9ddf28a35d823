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
    ((hits, lookups, server_hits, server_misses),) = common.rows(
        "SELECT sum(value) FILTER (WHERE name = 'cache.hits'),"
        "       sum(value) FILTER (WHERE name = 'cache.lookups'),"
        # Rates a second, of intervals of one length.
        "       sum(value) FILTER (WHERE name = 'redis.hits'), sum(value) FILTER (WHERE name = 'redis.misses')"
        " FROM monitoring_sample WHERE name = ANY(%s) AND at > %s AND at <= %s",
        [["cache.hits", "cache.lookups", "redis.hits", "redis.misses"], as_of - common.WINDOW, as_of],
    )
    of_server = (server_hits or 0) + (server_misses or 0)
    parts = {
        "hits": int(hits or 0),
        "lookups": int(lookups or 0),
        "server_hit_rate_pct": common.decimal(100 * server_hits / of_server) if of_server else None,
    }
    if not lookups:
        nothing = Reading(None, as_of, State.NO_DATA, _("no look-up in these 60 minutes"), parts)
        return dict.fromkeys(names, nothing)
    note = _("of %(count)s look-ups") % {"count": int(lookups)}
    return dict.fromkeys(names, Reading(common.decimal(100 * hits / lookups), as_of, note=note, parts=parts))


def cache_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's hits ÷ look-ups."""
    rows = common.rows(
        "SELECT (at AT TIME ZONE %s)::date AS day, 100 * sum(value) FILTER (WHERE name = 'cache.hits')"
        "   / nullif(sum(value) FILTER (WHERE name = 'cache.lookups'), 0) FROM monitoring_sample"
        " WHERE name IN ('cache.hits', 'cache.lookups')"
        " AND at >= %s::timestamp AT TIME ZONE %s AND at < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, *common.bounds(where, first, last)],
    )
    return common.days(first, last, ((row[0], row[1]) for row in rows), 2)


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
