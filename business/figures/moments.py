"""Instants, days and months of a time zone: what every figure is computed as of.

A window holds both of its ends, and microseconds are PostgreSQL's grain: the last instant of a day is one
microsecond before the next, so that nothing lies between two windows that follow each other.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, aware, both included."""

    start: dt.datetime
    end: dt.datetime


def start_of(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The day's first instant, in UTC. Where a change of clocks skips midnight it is the change itself."""
    return dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)


def end_of(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The day's last instant, in UTC."""
    return start_of(day + dt.timedelta(days=1), zone) - TICK


def month_before(first: dt.date) -> dt.date:
    """The first day of the month before."""
    return (first - dt.timedelta(days=1)).replace(day=1)


@dataclass(frozen=True)
class Moment:
    """An instant `at`, read in the zone `zone`. `live`: it is now, so that the rows' present state is its state."""

    at: dt.datetime
    zone: str
    live: bool = False

    @classmethod
    def end_of_day(cls, day: dt.date, zone: str, now: dt.datetime) -> Moment:
        """The end of `day`; of a day that is not over, now."""
        end = end_of(day, ZoneInfo(zone))
        return cls(now, zone, live=True) if end >= now else cls(end, zone)

    @cached_property
    def local(self) -> dt.datetime:
        return self.at.astimezone(ZoneInfo(self.zone))

    @property
    def day(self) -> dt.date:
        return self.local.date()

    @property
    def first(self) -> dt.date:
        """The first day of the month."""
        return self.day.replace(day=1)

    @cached_property
    def month_start(self) -> dt.datetime:
        return start_of(self.first, ZoneInfo(self.zone))

    @property
    def month(self) -> Window:
        """From the month's first instant to this one."""
        return Window(self.month_start, self.at)

    def last_days(self, days: int) -> Window:
        """The last `days` days of the calendar: from the same wall-clock time so many days before, in the zone.

        A change of clocks makes them an hour longer or shorter. Whatever came at exactly that time belongs to
        the days before; as of the end of a day the window is whole days.
        """
        # From the instant that follows, so that the end of a day leads to the start of one.
        wall = (self.at + TICK).astimezone(ZoneInfo(self.zone)) - dt.timedelta(days=days)
        return Window(wall.astimezone(dt.UTC), self.at)

    def last_hours(self, hours: int) -> Window:
        return Window(self.at - dt.timedelta(hours=hours) + TICK, self.at)

    @cached_property
    def month_ago(self) -> Moment:
        """The same day and time of the month before: the base of a like-for-like comparison.

        Where that month is shorter, its last instant: on the 31st a whole month stands against the 30 or 28
        days of the one before, never against a part of the present month.
        """
        first = month_before(self.first)
        if self.day.day > calendar.monthrange(first.year, first.month)[1]:
            return Moment(self.month_start - TICK, self.zone)
        same = self.local.replace(year=first.year, month=first.month, day=self.day.day, fold=0)
        return Moment(same.astimezone(dt.UTC), self.zone)

    @cached_property
    def opening(self) -> Moment:
        """The last instant before the month: what the month started with, and what the one before closed with."""
        return Moment(self.month_start - TICK, self.zone)

    def days_ago(self, days: int) -> Moment:
        """The moment whose window ends where that of the last `days` days begins."""
        return Moment(self.last_days(days).start - TICK, self.zone)
