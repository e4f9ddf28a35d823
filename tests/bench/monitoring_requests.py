"""Endpoints over any window with two years of rows: 50 routes and 3 statuses, every minute of them.

The rows are made by the server, as the roll-up would leave them: minutes of two days, hours, days, weeks and
four weeks of two years. The median stands beside p95, since a
shared machine is noisy.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from typing import Any

import psycopg

ROUTES = 50
CALLS = 30
# Occupied slots around a route's own middle: fewer in a minute, most in a month, and fewer still for errors.
_SPREAD = {"minute": 3, "hour": 11, "day": 15, "week": 17, "period": 18}


def _histogram(spread: int) -> str:
    """Slots around the route's middle, and counts that fall to both sides."""
    return (
        f"ARRAY(SELECT (110 + e.id %% 17 + k)::smallint FROM generate_series(-{spread}, {spread}) k) AS slots,"
        f" ARRAY(SELECT 1 + ({spread} - abs(k)) * (1 + (e.id + k) %% 3)"
        f"         FROM generate_series(-{spread}, {spread}) k) AS counts"
    )


_ROLLED = (
    "INSERT INTO {table} ({days}at, endpoint_id, count, total_us, max_us, errors, refused, statuses, by_status,"
    " slots, counts) SELECT {value}at, h.id, n, n * 30000, 900000, n / 100, n / 50, '{{200,404,500}}',"
    " ARRAY[n - n / 100 - n / 50, n / 50, n / 100], slots, counts"
    " FROM generate_series(%(start)s, %(end)s, interval '{step}') AS at"
    " CROSS JOIN (SELECT e.id, slots, counts, (SELECT sum(c) FROM unnest(counts) c)::bigint AS n"
    "             FROM (SELECT e.id, {histogram} FROM monitoring_endpoint e) e) h"
)
_MINUTES = (
    "INSERT INTO monitoring_endpointminute (endpoint_id, minute, status, host, count, total_us, max_us, slots, counts)"
    " SELECT h.id, minute, status, CASE h.kind WHEN 'all' THEN '' ELSE 'web' END, n, n * 30000, 900000, slots, counts"
    " FROM generate_series(%(start)s, %(end)s, interval '1 minute') AS minute"
    " CROSS JOIN unnest('{{200,404,500}}'::smallint[]) AS status"
    " CROSS JOIN (SELECT e.id, e.kind, slots, counts, (SELECT sum(c) FROM unnest(counts) c)::int AS n"
    "             FROM (SELECT e.id, e.kind, {histogram} FROM monitoring_endpoint e) e) h"
)


def fill(superuser_url: str, now: dt.datetime, owner: str = "owner") -> None:
    """Makes the rows as of `now`, and vacuums."""
    from monitoring import partitions
    from monitoring.requests import HOURS, MINUTES
    from monitoring.requests.tiers import DAY, HOUR, MINUTE
    from monitoring.windows import floor

    cutoff = floor(now, MINUTE)
    partitions.ensure_for(owner, HOURS, now - 731 * DAY, now)
    partitions.ensure_for(owner, MINUTES, now - 30 * DAY, now)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("INSERT INTO monitoring_endpoint (kind, method, route) VALUES ('all', '', '')")
        connection.execute(
            "INSERT INTO monitoring_endpoint (kind, method, route)"
            " SELECT 'request', 'GET', '/business/thing-' || n || '/<int:pk>' FROM generate_series(1, %s) n",
            [ROUTES],
        )
        connection.execute(
            _MINUTES.format(histogram=_histogram(_SPREAD["minute"])),
            {"start": cutoff - 2 * DAY, "end": cutoff},
        )
        first = now - 730 * DAY
        for table, days, step, name in (
            ("monitoring_endpointhour", 0, "1 hour", "hour"),
            ("monitoring_endpointperiod", 1, "1 day", "day"),
            ("monitoring_endpointperiod", 7, "7 days", "week"),
            ("monitoring_endpointperiod", 28, "28 days", "period"),
        ):
            statement = _ROLLED.format(
                table=table,
                days="days, " if days else "",
                value=f"{days}, " if days else "",
                step=step,
                histogram=_histogram(_SPREAD[name]),
            )
            start = floor(first, dt.timedelta(days=days) if days else HOUR)
            connection.execute(statement, {"start": start, "end": cutoff})
        connection.execute("INSERT INTO monitoring_endpointroll VALUES (1, %s)", [cutoff - MINUTE])
        connection.execute("VACUUM ANALYZE")


def run(superuser_url: str) -> list[dict[str, Any]]:
    """p95 in milliseconds of the table's statement, and of all of its queries, for each window."""
    from django.db import connection
    from django.utils import timezone

    from core.people.access import Viewer
    from monitoring.requests import queries, tiers
    from monitoring.windows import PRESETS

    now = timezone.now()
    fill(superuser_url, now)
    viewer = Viewer(None, "bench", "", (), kind="system")
    results: list[dict[str, Any]] = []
    for name, (length, _label) in PRESETS.items():
        spent: list[float] = []
        timed = _Timed(spent)
        for _call in range(CALLS):
            cover = tiers.cover(now - length, now, tiers.rolled_until(), now)
            with connection.execute_wrapper(timed):
                assert len(queries.rows("request", cover)) == ROUTES
        whole = []
        for _call in range(CALLS):
            begun = time.perf_counter()
            queries.endpoints(viewer, now - length, now, now)
            whole.append((time.perf_counter() - begun) * 1000)
        results += [
            {
                "name": f"requests: SQL of the endpoints over {name}, p95",
                "value": _p95(spent),
                "unit": "ms",
            },
            {
                "name": f"requests: SQL of the endpoints over {name}, median",
                "value": round(statistics.median(spent), 1),
                "unit": "ms",
            },
            {"name": f"requests: endpoints over {name} and before, p95", "value": _p95(whole), "unit": "ms"},
        ]
    return results


class _Timed:
    """Collects the milliseconds of each statement."""

    def __init__(self, spent: list[float]) -> None:
        self._spent = spent

    def __call__(self, execute: Any, *args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self._spent.append((time.perf_counter() - begun) * 1000)


def _p95(values: list[float]) -> float:
    return round(statistics.quantiles(values, n=20)[-1], 1)
