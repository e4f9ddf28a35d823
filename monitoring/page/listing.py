"""Custom metrics: how many series each has, and when its last sample came."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from core.people.access import Area, Viewer
from monitoring.store import reading

MOST = 500


@dataclass(frozen=True)
class Custom:
    """`last` is exact within the last 15 minutes, else the end of the hour that had it; None: none was rolled up."""

    name: str
    series: int
    last: dt.datetime | None
    fresh: bool


@dataclass(frozen=True)
class Customs:
    """The metrics with the most series first; `series` counts those of all."""

    rows: tuple[Custom, ...]
    series: int
    cut: bool


def custom_metrics(viewer: Viewer, now: dt.datetime) -> Customs:
    """Raises Denied. Two queries."""
    viewer.require(Area.MONITORING)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT metric, count(*), max(last_hour) + interval '1 hour', sum(count(*)) OVER ()"
            " FROM monitoring_series WHERE custom GROUP BY metric ORDER BY count(*) DESC, metric LIMIT %s",
            [MOST + 1],
        )
        rows = cursor.fetchall()
    newest = _newest([name for name, *_rest in rows[:MOST]], now)
    found = tuple(
        Custom(name, many, newest[name][0] if name in newest else last, newest.get(name, (None, False))[1])
        for name, many, last, _all in rows[:MOST]
    )
    return Customs(found, int(rows[0][3]) if rows else 0, len(rows) > MOST)


def _newest(names: list[str], now: dt.datetime) -> dict[str, tuple[dt.datetime, bool]]:
    found: dict[str, tuple[dt.datetime, bool]] = {}
    if not names:
        return found
    try:
        newest = reading.latest(names, now)
    except reading.TooManySeries:
        return found
    for one in newest:
        at, fresh = found.get(one.metric, (one.at, False))
        found[one.metric] = max(at, one.at), fresh or one.is_fresh(now)
    return found
