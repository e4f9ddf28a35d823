"""The measured figures of the registry: those of the executive page, over the last 60 minutes, and uptime."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import formats
from core.metrics import Kind, Metric, Point, Reading, State, Unit, Where, register
from monitoring import health
from monitoring.collector import FRESH

WINDOW = dt.timedelta(minutes=60)
UPTIME_WINDOW = dt.timedelta(days=30)
UP = ("ok", "degraded")
# Probes and assets would drown what people wait for.
NOT_COUNTED = ("/api/health", "/api/system/health", "/metrics", "(static)")
_GAUGES = ("cpu_pct", "memory_pct", "db_connections")


def _decimal(value: float | Decimal | None, places: int = 2) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-places))


def _rows(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def read_samples(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Means of the last 60 minutes; the newest value for the connections. Stale when the newest sample is
    older than three intervals, no data when the window has none. One query."""
    found = {
        name: (mean, newest, at, count)
        for name, mean, newest, at, count in _rows(
            "SELECT name, avg(value), (array_agg(value ORDER BY at DESC))[1], max(at), count(*)"
            " FROM monitoring_sample WHERE name = ANY(%s) AND at > %s AND at <= %s GROUP BY name",
            [list(names), as_of - WINDOW, as_of],
        )
    }
    readings = {}
    for name in names:
        if name not in found:
            readings[name] = Reading.unknown(as_of, _("nothing was measured in these 60 minutes"))
            continue
        mean, newest, at, count = found[name]
        value = newest if name == "db_connections" else mean
        state = State.KNOWN if as_of - at <= FRESH else State.STALE
        parts = {"mean": _decimal(mean), "newest": _decimal(newest), "samples": count}
        readings[name] = Reading(_decimal(value), at, state, parts=parts)
    return readings


def read_requests(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Mean response time and share of 5xx answers over the last 60 minutes, in one query."""
    ((count, total_ms, errors),) = _rows(
        "SELECT sum(count), sum(total_ms), sum(count) FILTER (WHERE status >= 500)"
        " FROM monitoring_requestminute WHERE minute > %s AND minute <= %s AND NOT route = ANY(%s)",
        [as_of - WINDOW, as_of, list(NOT_COUNTED)],
    )
    if not count:
        nothing = Reading.unknown(as_of, _("no request in these 60 minutes"))
        return dict.fromkeys(names, nothing)
    count, errors = int(count), int(errors or 0)
    note = _("of %(count)s requests") % {"count": count}
    values = {
        "response_time_ms": _decimal(total_ms / count),
        "error_rate_pct": _decimal(Decimal(100 * errors) / count, 3),
    }
    parts = {"requests": count, "errors": errors}
    return {name: Reading(values[name], as_of, note=note, parts=parts) for name in names}


def read_cache(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """The library's hits ÷ look-ups over the last 60 minutes; the server's own rate is in `parts`."""
    ((hits, lookups, server_hits, server_misses),) = _rows(
        "SELECT sum(value) FILTER (WHERE name = 'cache.hits'),"
        "       sum(value) FILTER (WHERE name = 'cache.lookups'),"
        "       sum(grown) FILTER (WHERE name = 'redis.keyspace_hits'),"
        "       sum(grown) FILTER (WHERE name = 'redis.keyspace_misses')"
        # A counter that fell began anew: what it shows has grown since.
        " FROM (SELECT name, value, CASE WHEN value >= before THEN value - before"
        "                                WHEN before IS NOT NULL THEN value END AS grown"
        "       FROM (SELECT name, value, lag(value) OVER (PARTITION BY name, host ORDER BY at) AS before"
        "             FROM monitoring_sample WHERE name = ANY(%s) AND at > %s AND at <= %s) AS pairs) AS steps",
        [
            ["cache.hits", "cache.lookups", "redis.keyspace_hits", "redis.keyspace_misses"],
            as_of - WINDOW,
            as_of,
        ],
    )
    of_server = (server_hits or 0) + (server_misses or 0)
    parts = {
        "hits": int(hits or 0),
        "lookups": int(lookups or 0),
        "server_hit_rate_pct": _decimal(100 * server_hits / of_server) if of_server else None,
    }
    if not lookups:
        nothing = Reading(None, as_of, State.NO_DATA, _("no look-up in these 60 minutes"), parts)
        return dict.fromkeys(names, nothing)
    note = _("of %(count)s look-ups") % {"count": int(lookups)}
    return dict.fromkeys(names, Reading(_decimal(100 * hits / lookups), as_of, note=note, parts=parts))


def uptime(name: str, start: dt.datetime, end: dt.datetime) -> tuple[Decimal | None, dict[str, Any]]:
    """Share of time from `start` (or the first check, when that is later) to `end` in which the check `name`
    ("" for all of them) said ok or degraded; with the seconds up, down and not observed, which count as down."""
    rows = _rows(
        "SELECT f.first, f.passing, f.checks, s.status, s.spent FROM"
        " (SELECT (SELECT min(since) FROM monitoring_span WHERE name = %(name)s) AS first,"
        "         count(*) FILTER (WHERE status = 'ok') AS passing, count(*) AS checks"
        "    FROM monitoring_span WHERE name <> '' AND since <= %(end)s AND until > %(end)s) AS f"
        " LEFT JOIN (SELECT status, sum(extract(epoch FROM least(until, %(end)s) - greatest(since, %(start)s))) AS spent"  # noqa: E501
        "              FROM monitoring_span WHERE name = %(name)s AND since < %(end)s AND until > %(start)s"
        "             GROUP BY status) AS s ON true",
        {"name": name, "start": start, "end": end},
    )
    first, passing, made = rows[0][:3]
    if first is None or first >= end:
        return None, {}
    seconds = {status: Decimal(spent) for *_head, status, spent in rows if status is not None}
    total = Decimal(str((end - max(start, first)).total_seconds()))
    up = sum((seconds.get(status, Decimal(0)) for status in UP), Decimal(0))
    down = sum(seconds.values(), Decimal(0)) - up
    unobserved = max(Decimal(0), total - up - down)
    parts = {
        "up_s": up,
        "down_s": down,
        "unobserved_s": unobserved,
        "unobserved_pct": _decimal(100 * unobserved / total, 3),
        "since": max(start, first),
        "passing": passing,
        "checks": made,
    }
    return _decimal(100 * up / total, 3), parts


def read_uptime(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Over the 30 days before `as_of`, or since the first check."""
    value, parts = uptime(health.ALL, as_of - UPTIME_WINDOW, as_of)
    if value is None:
        reading = Reading.unknown(as_of, _("no health check was made yet"))
    else:
        note = ""
        if parts["unobserved_pct"]:
            note = _("%(share)s %% of the time was not observed and counts as down") % {
                "share": formats.number(parts["unobserved_pct"], 1)
            }
        reading = Reading(value, as_of, note=note, parts=parts)
    return {name: reading if name == "uptime_pct" else _passing(parts, as_of) for name in names}


def _passing(parts: dict[str, Any], as_of: dt.datetime) -> Reading:
    """Share of the checks made by then whose result was ok; unknown where none was fresh."""
    if not parts or not parts["checks"]:
        return Reading.unknown(as_of, _("no health check is fresh"))
    share = _decimal(Decimal(100 * parts["passing"]) / parts["checks"])
    return Reading(share, as_of, parts={"passing": parts["passing"], "checks": parts["checks"]})


def _days(first: dt.date, last: dt.date, values: Iterable[tuple[dt.date, Any]], places: int) -> list[Point]:
    by_day = dict(values)
    span = (last - first).days + 1
    days = (first + dt.timedelta(days=number) for number in range(max(0, span)))
    return [Point(day, _decimal(by_day.get(day), places)) for day in days]


def _bounds(where: Where, first: dt.date, last: dt.date) -> list[Any]:
    following = last + dt.timedelta(days=1)
    return [f"{first} 00:00", where.zone, f"{following} 00:00", where.zone]


def sample_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """The mean of each day in the samples that are kept."""
    rows = _rows(
        "SELECT (at AT TIME ZONE %s)::date AS day, avg(value) FROM monitoring_sample WHERE name = %s"
        " AND at >= %s::timestamp AT TIME ZONE %s AND at < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, name, *_bounds(where, first, last)],
    )
    return _days(first, last, ((row[0], row[1]) for row in rows), 2)


def request_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own mean or share, from sums: never a mean of means."""
    figure = (
        "sum(total_ms)::numeric / sum(count)"
        if name == "response_time_ms"
        else "100 * coalesce(sum(count) FILTER (WHERE status >= 500), 0)::numeric / sum(count)"
    )
    rows = _rows(
        f"SELECT (minute AT TIME ZONE %s)::date AS day, {figure} FROM monitoring_requestminute"  # noqa: S608
        " WHERE NOT route = ANY(%s)"
        " AND minute >= %s::timestamp AT TIME ZONE %s AND minute < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, list(NOT_COUNTED), *_bounds(where, first, last)],
    )
    return _days(first, last, ((row[0], row[1]) for row in rows), 2 if name == "response_time_ms" else 3)


def cache_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's hits ÷ look-ups."""
    rows = _rows(
        "SELECT (at AT TIME ZONE %s)::date AS day, 100 * sum(value) FILTER (WHERE name = 'cache.hits')"
        "   / nullif(sum(value) FILTER (WHERE name = 'cache.lookups'), 0) FROM monitoring_sample"
        " WHERE name IN ('cache.hits', 'cache.lookups')"
        " AND at >= %s::timestamp AT TIME ZONE %s AND at < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, *_bounds(where, first, last)],
    )
    return _days(first, last, ((row[0], row[1]) for row in rows), 2)


def uptime_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own share, from the first check on and to now at most."""
    rows = _rows(
        "WITH edges AS (SELECT min(since) AS first FROM monitoring_span WHERE name = ''),"
        " days AS (SELECT day::date, greatest(day AT TIME ZONE %(zone)s, edges.first) AS start,"
        "            least((day + interval '1 day') AT TIME ZONE %(zone)s, now()) AS finish"
        "          FROM edges, generate_series(%(first)s::timestamp, %(last)s::timestamp, '1 day') AS day)"
        " SELECT day, 100 * coalesce(sum(extract(epoch FROM least(until, finish) - greatest(since, start)))"
        "                            FILTER (WHERE status = ANY(%(up)s)), 0)"
        "               / extract(epoch FROM finish - start)"
        " FROM days LEFT JOIN monitoring_span ON name = '' AND since < finish AND until > start"
        " WHERE finish > start AND EXISTS (SELECT FROM edges WHERE first IS NOT NULL) GROUP BY day, start, finish",
        {"zone": where.zone, "first": first, "last": last, "up": list(UP)},
    )
    return _days(first, last, rows, 3)


register(
    Metric(
        "response_time_ms",
        Unit.MILLISECONDS,
        Kind.RATIO,
        gettext_lazy("Response time"),
        gettext_lazy(
            "Mean time to answer a page or API call in the last 60 minutes, as the server measures it. Static "
            "files and health probes do not count."
        ),
        read_requests,
        request_series,
        higher_is_better=False,
        per_agency=False,
    ),
    Metric(
        "error_rate_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Error rate"),
        gettext_lazy(
            "Answers with a status of 500 or above ÷ all answers, last 60 minutes. Static files and health "
            "probes do not count."
        ),
        read_requests,
        request_series,
        higher_is_better=False,
        per_agency=False,
        decimals=2,
    ),
    Metric(
        "cpu_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("CPU"),
        gettext_lazy("Busy share of all cores, mean of the samples of the last 60 minutes, one every 10 s."),
        read_samples,
        sample_series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
    ),
    Metric(
        "memory_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Memory"),
        gettext_lazy(
            "Share of the host's memory that is not available to a program, mean of the samples of the last "
            "60 minutes, one every 10 s."
        ),
        read_samples,
        sample_series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
    ),
    Metric(
        "db_connections",
        Unit.COUNT,
        Kind.GAUGE,
        gettext_lazy("Database connections"),
        gettext_lazy("Client connections open to this database at the newest sample."),
        read_samples,
        sample_series,
        per_agency=False,
    ),
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
    Metric(
        "uptime_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Uptime"),
        gettext_lazy(
            "Time in which the health checks said ok or degraded ÷ all time of the last 30 days, or since the "
            "first check. Time that was not observed counts as down and is shown apart."
        ),
        read_uptime,
        uptime_series,
        higher_is_better=True,
        per_agency=False,
        decimals=3,
    ),
    Metric(
        "health.passing_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Health checks that pass"),
        gettext_lazy("Health checks whose last result is ok ÷ all checks that were made."),
        read_uptime,
        higher_is_better=True,
        per_agency=False,
    ),
)
