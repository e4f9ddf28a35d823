"""What the modules of this package share: windows, rows and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from core.metrics import Agg, Lines, Point, Where
from monitoring.store import HOURS_KEPT, RAW_KEPT

WINDOW = dt.timedelta(minutes=60)
INTERVAL = dt.timedelta(seconds=10)
FRESH = 3 * INTERVAL
"""How long a sample of the collector is fresh; what is older is stale."""


def decimal(value: float | Decimal | None, places: int = 2) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-places))


def rows(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def days(first: dt.date, last: dt.date, values: Iterable[tuple[dt.date, Any]], places: int) -> list[Point]:
    by_day = dict(values)
    span = (last - first).days + 1
    days = (first + dt.timedelta(days=number) for number in range(max(0, span)))
    return [Point(day, decimal(by_day.get(day), places)) for day in days]


def bounds(where: Where, first: dt.date, last: dt.date) -> list[Any]:
    following = last + dt.timedelta(days=1)
    return [f"{first} 00:00", where.zone, f"{following} 00:00", where.zone]


def last_hour(names: Sequence[str], as_of: dt.datetime, summed: Sequence[str] = ()) -> dict[str, Lines]:
    """The 60 minutes up to `as_of` in steps of one interval: their means, of those `summed` their sums. Of the past
    beyond 48 hours in minutes, and beyond 30 days the hours that these 60 minutes touch. At most two queries."""
    from monitoring.store import reading  # numpy, which the collector does without

    now = timezone.now()
    if now - as_of > HOURS_KEPT:
        # Nothing is kept so long: a board of that time need not ask.
        return {name: Lines(as_of, INTERVAL, 0, ()) for name in names}
    if now - as_of < RAW_KEPT - WINDOW:
        now = as_of
    instant = dt.timedelta(microseconds=1)
    start = as_of - WINDOW + INTERVAL - instant
    return reading.lines(names, start, as_of + instant, INTERVAL, now=now, summed=summed)


def known(found: Lines) -> list[tuple[dt.datetime, float]]:
    """All values of all series with the time of their step, in order of time."""
    times = found.times
    return sorted(
        (at, value) for line in found.lines for at, value in zip(times, line.values, strict=True) if value is not None
    )


def by_day(
    where: Where, names: Sequence[str], first: dt.date, last: dt.date, agg: Agg = "avg"
) -> dict[str, dict[dt.date, float]]:
    """Each metric's days of the zone that have a value: over its series the mean of means, or the sum of sums."""
    from monitoring.store import reading

    found: dict[str, dict[dt.date, float]] = {name: {} for name in names}
    if last < first:
        return found
    for name, lines in reading.daily(names, where.zone, first, last, agg, now=timezone.now()).items():
        for number, column in enumerate(zip(*(values for _labels, values in lines), strict=True)):
            values = [value for value in column if value is not None]
            if values:
                day = first + number * dt.timedelta(days=1)
                found[name][day] = sum(values) / (1 if agg == "sum" else len(values))
    return found
