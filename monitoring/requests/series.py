"""Requests over time: one endpoint or all of them, in steps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

from django.db import connection

from monitoring.requests import MINUTES_KEPT, histogram, tiers
from monitoring.requests.queries import SHARES, Figures, add_up, added_sql
from monitoring.requests.tiers import (
    DAY,
    HISTOGRAM,
    HOUR,
    LONGEST_TAIL,
    MINUTE,
    STATUSES,
    WEEK,
    Chosen,
    Segment,
    minutes,
    source,
)
from monitoring.windows import EPOCH, Steps, ceil, floor

# Minutes are read step by step for no longer than this.
LONGEST_OF_MINUTES = 5 * DAY


@dataclass(frozen=True)
class Series:
    """`figures` of each step, None where nothing was counted; `statuses` are requests of each status by step;
    `histograms` have a row for each step. What is after `counted_until` is not known yet."""

    steps: Steps
    counted_until: dt.datetime
    figures: tuple[Figures | None, ...]
    statuses: dict[int, tuple[int, ...]]
    histograms: histogram.Counts

    @cached_property
    def total(self) -> int:
        return sum(one.count for one in self.figures if one)

    @cached_property
    def whole(self) -> Figures | None:
        """All steps as one; None when nothing was counted."""
        found = [one for one in self.figures if one]
        if not found:
            return None
        longest = max(one.max_ms for one in found)
        shares = histogram.quantiles(self.histograms.sum(axis=0, keepdims=True), SHARES)[0]
        p50, p95, p99 = (None if value is None else min(value, longest) for value in shares)
        return Figures(
            self.total,
            sum(one.errors for one in found),
            sum(one.refused for one in found),
            sum(one.mean_ms * one.count for one in found) / self.total,
            p50,
            p95,
            p99,
            longest,
            (self.counted_until - self.steps.first).total_seconds(),
        )


def finest(start: dt.datetime, end: dt.datetime, now: dt.datetime) -> dt.timedelta:
    """The shortest step that a window can be divided into: of minutes, while they are kept."""
    kept = start >= now - MINUTES_KEPT + DAY
    return MINUTE if kept and end - start <= LONGEST_OF_MINUTES else HOUR


def stepped(start: dt.datetime, end: dt.datetime, step: dt.timedelta, now: dt.datetime) -> Steps:
    """Steps over a window, made longer to the next whole minute, or hour where minutes would not do."""
    least = finest(start, end, now)
    step = -(-step // least) * least
    first = floor(start, step)
    return Steps(first, step, -((first - end) // step))


def series(chosen: Chosen, steps: Steps, now: dt.datetime) -> Series:
    """What was counted of these endpoints in each step. Three queries."""
    segments, until = _segments(steps, tiers.rolled_until(), now)
    key = f"floor(extract(epoch FROM at - %s) / {steps.step.total_seconds():.0f})::int"
    rows, parameters = source(segments, chosen, HISTOGRAM)
    added = add_up(added_sql(rows, key), [steps.first, *parameters])
    figures: list[Figures | None] = [None] * steps.count
    histograms = histogram.unpack(steps.count, [])
    for place, found, counts in zip(added.keys, added.figures(0), added.histograms, strict=True):
        figures[place] = _of_step(found, steps, place, until)
        histograms[place] = counts
    return Series(steps, until, tuple(figures), _statuses(segments, chosen, steps, key), histograms)


def _of_step(found: Figures, steps: Steps, place: int, until: dt.datetime) -> Figures:
    """With the seconds of the step that are counted."""
    start = steps.first + place * steps.step
    return replace(found, seconds=max(min(steps.step, until - start).total_seconds(), 1.0))


def _statuses(segments: tuple[Segment, ...], chosen: Chosen, steps: Steps, key: str) -> dict[int, tuple[int, ...]]:
    rows, parameters = source(segments, chosen, STATUSES)
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key} AS place, status, sum(n)::bigint FROM ({rows}) AS row,"  # noqa: S608
            " unnest(statuses, by_status) AS pair (status, n) GROUP BY place, status",
            [steps.first, *parameters],
        )
        for place, status, number in cursor.fetchall():
            found.setdefault(status, [0] * steps.count)[place] = number
    return {status: tuple(found[status]) for status in sorted(found)}


def _segments(steps: Steps, rolled: dt.datetime | None, now: dt.datetime) -> tuple[tuple[Segment, ...], dt.datetime]:
    """The longest rows whose borders are borders of steps, then the minutes that are not rolled up yet; and up to
    when that counts."""
    first, last = steps.first, min(steps.end, ceil(now, MINUTE))
    span = next(one for one in (WEEK, DAY, HOUR, MINUTE) if not steps.step % one and not (first - EPOCH) % one)
    if span == MINUTE:
        return minutes(first, last, rolled), last
    if rolled is None or rolled <= first:
        return minutes(max(first, last - LONGEST_TAIL), last, None), last
    border = min(rolled, last)
    last = min(last, border + LONGEST_TAIL)
    longer = (Segment(span, first, min(ceil(border, span), steps.end)),) if border > first else ()
    return longer + minutes(border, last, border), last
