"""Which rows answer a window: minutes, hours, and periods of 1, 7 and 28 days, each a sum of the ones before.

A window is rounded outward to its grain and then covered by the largest rows that fit, so that two years are
some forty rows of each endpoint. The grain is a minute for windows of up to three hours, an hour up to ten
days, a day beyond; `Cover.start` and `Cover.end` say what was really counted. What the roll-up has not reached
yet is read from the minutes; so that a roll-up that stands still for days does not make every page read
millions of them, no more than three hours are: then `Cover.end` says up to when was counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from monitoring.requests import MINUTES_KEPT, NOT_COUNTED
from monitoring.requests.histogram import PACKED
from monitoring.windows import ceil, floor

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
WEEK, FOUR_WEEKS = 7 * DAY, 28 * DAY
LONGEST_TAIL = 3 * HOUR
SPANS = (FOUR_WEEKS, WEEK, DAY, HOUR)


@dataclass(frozen=True)
class Segment:
    """Rows of one length, from `start` to before `end`. Those of `tail` are not rolled up yet."""

    span: dt.timedelta
    start: dt.datetime
    end: dt.datetime
    tail: bool = False


@dataclass(frozen=True)
class Cover:
    """The rows that answer a window, without overlap; `start` and `end` are what they count."""

    start: dt.datetime
    end: dt.datetime
    grain: dt.timedelta
    segments: tuple[Segment, ...]

    @property
    def seconds(self) -> float:
        return max(0.0, (self.end - self.start).total_seconds())


def rolled_until() -> dt.datetime | None:
    """Up to when the roll-up has come; None before it first ran."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT until FROM monitoring_endpointroll")
        row = cursor.fetchone()
    return row[0] if row else None


def grain(start: dt.datetime, end: dt.datetime, now: dt.datetime) -> dt.timedelta:
    if end - start <= 3 * HOUR and start >= now - MINUTES_KEPT + DAY:
        return MINUTE
    return HOUR if end - start <= 10 * DAY else DAY


def cover(start: dt.datetime, end: dt.datetime, rolled: dt.datetime | None, now: dt.datetime) -> Cover:
    """The rows for a window as of `now`, when the roll-up has come to `rolled`."""
    size = grain(start, end, now)
    first, last = floor(start, size), min(ceil(end, size), ceil(now, MINUTE))
    if size == MINUTE:
        return Cover(first, last, size, _segment(MINUTE, first, last))
    if rolled is None or rolled <= first:
        # Nothing of it is rolled up: the newest hours, rather than the oldest, say what goes on.
        first = max(first, last - LONGEST_TAIL)
        return Cover(first, last, size, _segment(MINUTE, first, last, tail=True))
    # Rows of a period that is not over hold what is rolled so far: they may be read when the window ends there.
    over = last >= rolled
    segments = _greedy(first, ceil(rolled, FOUR_WEEKS) if over else last)
    if over and last > rolled:
        last = min(last, rolled + LONGEST_TAIL)
        segments += _segment(MINUTE, rolled, last, tail=True)
    return Cover(first, last, size, segments)


def minutes(start: dt.datetime, end: dt.datetime, rolled: dt.datetime | None) -> tuple[Segment, ...]:
    """The minutes from `start` to `end`, those that are not rolled up apart."""
    border = start if rolled is None else min(max(rolled, start), end)
    return _segment(MINUTE, start, border) + _segment(MINUTE, border, end, tail=True)


def _segment(span: dt.timedelta, start: dt.datetime, end: dt.datetime, *, tail: bool = False) -> tuple[Segment, ...]:
    return (Segment(span, start, end, tail),) if end > start else ()


def _greedy(start: dt.datetime, end: dt.datetime) -> tuple[Segment, ...]:
    """The fewest aligned periods from `start` to `end`; neighbours of one length are one segment."""
    found: list[Segment] = []
    while start < end:
        span = next(
            (span for span in SPANS if floor(start, span) == start and start + span <= end),
            HOUR,
        )
        if found and found[-1].span == span:
            found[-1] = Segment(span, found[-1].start, start + span)
        else:
            found.append(Segment(span, start, start + span))
        start += span
    return tuple(found)


_MINUTE_COLUMNS = (
    "row.endpoint_id, row.count::bigint AS count, total_us, max_us,"
    " CASE WHEN status >= 500 THEN row.count ELSE 0 END::bigint AS errors,"
    " CASE WHEN status BETWEEN 400 AND 499 THEN row.count ELSE 0 END::bigint AS refused"
)
_MINUTES = (
    f"SELECT minute AS at, {_MINUTE_COLUMNS}{{more}}"  # noqa: S608
    " FROM monitoring_endpointminute AS row WHERE minute >= %s AND minute < %s"
)
_LONGER = (
    "SELECT at, row.endpoint_id, row.count, total_us, max_us, errors, refused{more}"
    " FROM {table} AS row WHERE at >= %s AND at < %s"
)


@dataclass(frozen=True)
class With:
    """Columns beside the sums: how they are written of minutes, and of longer rows."""

    minutes: str = ""
    longer: str = ""


SUMS_ONLY = With()
STATUSES = With(
    ", ARRAY[status] AS statuses, ARRAY[row.count::bigint] AS by_status",
    ", statuses, by_status",
)
HISTOGRAM = With(f", false AS wide, {PACKED}", f", true AS wide, {PACKED}")
"""Packed for `histogram.unpack`; `wide` says how."""
ARRAYS = With(
    f"{STATUSES.minutes}, slots, counts::bigint[] AS counts",
    f"{STATUSES.longer}, slots, counts",
)
"""All that a longer row needs."""


def minute_columns(more: With) -> str:
    """SQL: the columns of a minute, named `row`, in the shape of longer rows."""
    return _MINUTE_COLUMNS + more.minutes


# Asked in the statement that reads the longer rows, so that a run of the roll-up in between counts nothing twice.
_TAIL = " AND minute >= coalesce((SELECT until FROM monitoring_endpointroll), '-infinity')"
_NOTHING = Segment(MINUTE, dt.datetime.max.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))


@dataclass(frozen=True)
class Chosen:
    """Which endpoints: a condition on `row.endpoint_id`, with its parameters, and another for rows of the tail."""

    where: str = ""
    parameters: tuple[Any, ...] = ()
    tail: Chosen | None = None


_OF_KIND = " AND row.endpoint_id IN (SELECT id FROM monitoring_endpoint WHERE {})"
ALL = Chosen(
    " AND row.endpoint_id = (SELECT id FROM monitoring_endpoint WHERE kind = 'all')",
    tail=Chosen(_OF_KIND.format("kind = 'request' AND NOT route = ANY(%s)"), (list(NOT_COUNTED),)),
)
"""All requests that people wait for: one row for each time, and the rows of all routes in the tail."""


def of_kind(kind: str) -> Chosen:
    return Chosen(_OF_KIND.format("kind = %s"), (kind,))


def one(endpoint_id: int) -> Chosen:
    return Chosen(" AND row.endpoint_id = %s", (endpoint_id,))


def source(segments: Sequence[Segment], chosen: Chosen, more: With) -> tuple[str, list[Any]]:
    """SQL of all rows of these segments, in one shape whatever their length. Its column `at` is the start of
    the row."""
    parts: list[str] = []
    parameters: list[Any] = []
    for segment in segments or (_NOTHING,):
        which = chosen.tail if segment.tail and chosen.tail else chosen
        if segment.span == MINUTE:
            parts.append(_MINUTES.format(more=more.minutes) + (_TAIL if segment.tail else "") + which.where)
        elif segment.span == HOUR:
            parts.append(_LONGER.format(table="monitoring_endpointhour", more=more.longer) + which.where)
        else:
            table = _LONGER.format(table="monitoring_endpointperiod", more=more.longer)
            parts.append(f"{table} AND days = {segment.span.days}{which.where}")
        parameters += [segment.start, segment.end, *which.parameters]
    return " UNION ALL ".join(parts), parameters


SUMS = (
    "sum(count)::bigint AS count, sum(total_us)::bigint AS total_us, max(max_us) AS max_us,"
    " sum(errors)::bigint AS errors, sum(refused)::bigint AS refused"
)
