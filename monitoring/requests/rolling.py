"""Adds minutes up to hours, hours to days, days to weeks and weeks to periods of four: exact, since only sums,
maxima and histograms are kept.

Every run takes the hours since the last one, and those into which something was written since; each is
recomputed as a whole from its minutes, so that a run that is repeated, was stopped half-way, or comes a day
late gives the same. Rows of the present hour, day, week and four weeks are kept too: they hold what is rolled
so far, up to a whole minute. One process at a time, by an advisory lock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from monitoring.requests import NOT_COUNTED
from monitoring.requests.tiers import ARRAYS, DAY, FOUR_WEEKS, HOUR, MINUTE, SUMS, WEEK, minute_columns
from monitoring.windows import floor

_LOCK = 0x72657173  # "reqs"
# A transaction takes a day of hours: short enough to lose little when it is stopped.
MOST_HOURS = 24


def _pairs(key: str, place: str, places: str, numbers: str) -> str:
    """SQL that adds up pairs of arrays of `part` by `key`: `places` ascend, `numbers` are their sums."""
    return (
        f"SELECT {key}, array_agg({place} ORDER BY {place}) AS {places}, array_agg(n ORDER BY {place}) AS {numbers}"  # noqa: S608
        f" FROM (SELECT {key}, {place}, sum(n)::bigint AS n"
        f"       FROM part, unnest({places}, {numbers}) AS pair ({place}, n) GROUP BY {key}, {place}) AS added"
        f" GROUP BY {key}"
    )


_ALL = (
    "INSERT INTO monitoring_endpoint (kind, method, route) SELECT 'all', '', ''"
    " WHERE NOT EXISTS (SELECT FROM monitoring_endpoint WHERE kind = 'all') ON CONFLICT DO NOTHING"
)
_OF_HOURS = (
    " FROM unnest(%(starts)s) AS start JOIN monitoring_endpointminute AS row"
    " ON minute >= start AND minute < least(start + interval '1 hour', %(cutoff)s)"
)
# A row only grows: one that would not is left alone, and so is an hour whose minutes are gone already.
_GROWN = " WHERE excluded.count > kept.count"
_TOTALS = (
    "INSERT INTO monitoring_endpointminute AS kept"  # noqa: S608
    " (endpoint_id, minute, status, host, count, total_us, max_us, slots, counts)"
    f" WITH part AS MATERIALIZED (SELECT minute, status, row.count, total_us, max_us, slots, counts{_OF_HOURS}"
    "   JOIN monitoring_endpoint AS endpoint ON endpoint.id = row.endpoint_id"
    "    AND endpoint.kind = 'request' AND NOT endpoint.route = ANY(%(not_counted)s)),"
    " sums AS (SELECT minute, status, sum(count)::int AS count, sum(total_us)::bigint AS total_us,"
    "                 max(max_us) AS max_us FROM part GROUP BY minute, status),"
    f" added AS ({_pairs('minute, status', 'slot', 'slots', 'counts')})"
    " SELECT endpoint.id, minute, status, '', sums.count, total_us, max_us, coalesce(slots, '{}'),"
    "        coalesce(counts, '{}')"
    " FROM sums LEFT JOIN added USING (minute, status) JOIN monitoring_endpoint AS endpoint ON endpoint.kind = 'all'"
    " ON CONFLICT (endpoint_id, minute, status, host) DO UPDATE SET count = excluded.count,"
    "   total_us = excluded.total_us, max_us = excluded.max_us, slots = excluded.slots, counts = excluded.counts"
    f"{_GROWN}"
)
_KEY = "start, endpoint_id"


def _longer(table: str, days: int, part: str) -> str:
    """SQL that writes the rows of some starts, made of `part`."""
    column, value = ("days, ", f"{days}, ") if days else ("", "")
    return (
        f"INSERT INTO {table} AS kept ({column}at, endpoint_id, count, total_us, max_us, errors, refused,"  # noqa: S608
        f" statuses, by_status, slots, counts) WITH part AS MATERIALIZED ({part}),"
        f" sums AS (SELECT {_KEY}, {SUMS} FROM part GROUP BY {_KEY}),"
        f" ends AS ({_pairs(_KEY, 'status', 'statuses', 'by_status')}),"
        f" added AS ({_pairs(_KEY, 'slot', 'slots', 'counts')})"
        f" SELECT {value}start, endpoint_id, count, total_us, max_us, errors, refused, statuses, by_status,"
        "   coalesce(slots, '{}'), coalesce(counts, '{}')"
        f" FROM sums JOIN ends USING ({_KEY}) LEFT JOIN added USING ({_KEY})"
        f" ON CONFLICT ({column}at, endpoint_id) DO UPDATE SET count = excluded.count, total_us = excluded.total_us,"
        "   max_us = excluded.max_us, errors = excluded.errors, refused = excluded.refused,"
        "   statuses = excluded.statuses, by_status = excluded.by_status, slots = excluded.slots,"
        f"   counts = excluded.counts{_GROWN}"
    )


def _of(table: str, days: int, of_days: int) -> str:
    """SQL of the rows that make up a period."""
    return (
        "SELECT start, row.endpoint_id, row.count, total_us, max_us, errors, refused, statuses, by_status, slots,"  # noqa: S608
        f" counts FROM unnest(%(starts)s) AS start JOIN {table} AS row"
        f" ON at >= start AND at < start + interval '{days * 24} hours'" + (f" AND days = {of_days}" if of_days else "")
    )


_HOUR, _PERIOD = "monitoring_endpointhour", "monitoring_endpointperiod"
_STEPS = (
    (HOUR, _longer(_HOUR, 0, f"SELECT start, {minute_columns(ARRAYS)}{_OF_HOURS}")),
    (DAY, _longer(_PERIOD, 1, _of(_HOUR, 1, 0))),
    (WEEK, _longer(_PERIOD, 7, _of(_PERIOD, 7, 1))),
    (FOUR_WEEKS, _longer(_PERIOD, 28, _of(_PERIOD, 28, 7))),
)


def roll(now: dt.datetime) -> int:
    """Rolls up everything before the present minute; returns how many hours were recomputed. 0 also when
    another process is at it."""
    hours = 0
    while True:
        done, more = _step(floor(now, MINUTE))
        hours += done
        if not more:
            return hours


def complete_until() -> dt.datetime | None:
    """Before this nothing waits to be rolled up: minutes before it may be dropped. None: nothing may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least(until, (SELECT min(hour) FROM monitoring_endpointmark)) FROM monitoring_endpointroll"
        )
        row = cursor.fetchone()
    return row[0] if row else None


@transaction.atomic
def _step(cutoff: dt.datetime) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0, False
        hours = _hours(cursor, cutoff)
        chunk = hours[:MOST_HOURS]
        # Away before the minutes are read: what is marked from here on is for the next run.
        cursor.execute("DELETE FROM monitoring_endpointmark WHERE hour = ANY(%s)", [chunk])
        cursor.execute(_ALL)
        if chunk:
            _roll_hours(cursor, chunk, cutoff)
        more = len(hours) > len(chunk)
        _reached(cursor, chunk[-1] + HOUR if more else cutoff, cutoff)
        return len(chunk), more


def _hours(cursor: Any, cutoff: dt.datetime) -> list[dt.datetime]:
    """The hours to do, oldest first: those since the last run and those marked. Hours to come of a clock that
    is ahead wait."""
    cursor.execute(
        "SELECT coalesce((SELECT until FROM monitoring_endpointroll),"
        "                (SELECT min(minute) FROM monitoring_endpointminute))"
    )
    (since,) = cursor.fetchone()
    cursor.execute(
        "SELECT date_trunc('hour', minute, 'UTC') FROM monitoring_endpointminute WHERE minute >= %s AND minute < %s"
        " UNION SELECT hour FROM monitoring_endpointmark WHERE hour < %s ORDER BY 1",
        [floor(since or cutoff, HOUR), cutoff, cutoff],
    )
    return [row[0] for row in cursor.fetchall()]


def _roll_hours(cursor: Any, hours: Sequence[dt.datetime], cutoff: dt.datetime) -> None:
    cursor.execute(_TOTALS, {"starts": hours, "cutoff": cutoff, "not_counted": list(NOT_COUNTED)})
    for span, statement in _STEPS:
        starts = sorted({floor(hour, span) for hour in hours})
        cursor.execute(statement, {"starts": starts, "cutoff": cutoff})


def _reached(cursor: Any, until: dt.datetime, cutoff: dt.datetime) -> None:
    """Never back: a clock that was set back does not undo what is rolled."""
    cursor.execute(
        "INSERT INTO monitoring_endpointroll AS kept (id, until) VALUES (1, %s)"
        " ON CONFLICT (id) DO UPDATE SET until = greatest(kept.until, excluded.until)",
        [min(until, cutoff)],
    )
