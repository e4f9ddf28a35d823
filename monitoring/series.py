"""Series of any metric over any window: those of the registry, and those that somebody pushes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from core import metrics as registry
from core.agencies.models import Agency
from core.metrics import AGGREGATES, Line, Lines, Metric, Unit, Where, Window
from core.people.access import Area, Denied, Viewer
from monitoring.models import Series

DAY: Final = dt.timedelta(days=1)
MOST_POINTS: Final = 11_000
"""Of one series, as Prometheus allows."""
_SHOWN: Final = 240
# Steps that a person would choose.
_STEPS: Final = (10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 7 * 86400, 30 * 86400)
_DURATION = re.compile(r"(\d{1,9})([smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# As the owner writes it.
_ALIASES: Final = {"error_rate": "error_rate_pct"}


class Refused(Exception):
    """A value of `field` cannot be answered; `allowed` says what could."""

    def __init__(self, field: str, message: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.field, self.message, self.allowed = field, message, allowed


class NoSuchMetric(LookupError):
    """Neither registered nor ever pushed."""


@dataclass(frozen=True)
class Answer:
    """The series of one metric. Amounts are in `unit`, a currency; other units are those of the registry."""

    metric: str
    unit: str
    lines: Lines


def query(
    viewer: Viewer,
    metric: str,
    start: dt.datetime | None,
    end: dt.datetime | None,
    step: str | None,
    agg: str,
    now: dt.datetime,
    *,
    host: str | None = None,
    labels: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> Answer:
    """Series of `metric` over [start, end): the last hour by default, in about 240 steps unless `step` says.

    Figures of the business have one value a day and are for those who may see /executive as a whole. Raises
    NoSuchMetric, Refused and Denied.
    """
    metric = _ALIASES.get(metric, metric)
    end = end or now
    start = start or end - dt.timedelta(hours=1)
    if start >= end:
        raise Refused("from", _("`from` must be before `to`."))
    how = next((one for one in AGGREGATES if one == agg), None)
    if how is None:
        raise Refused("agg", _("There is no such aggregate."), AGGREGATES)
    known = registry.registered().get(metric)
    if known is not None and known.per_agency:
        return _daily(viewer, known, start, end, step, now, currency)
    viewer.require(Area.MONITORING)
    window = Window(start, end, width(start, end, step), now, how, host, labels or {})
    if known is None:
        if not Series.objects.filter(metric=metric, custom=True).exists():
            raise NoSuchMetric(metric)
        return Answer(metric, "custom", stored([metric], window)[metric])
    if known.lines is None:
        return _by_day(known, start, end, step, now)
    return Answer(metric, known.unit.value, known.lines([metric], window)[metric])


def stored(metrics: list[str], window: Window) -> dict[str, Lines]:
    """`Metric.lines` of what is kept as samples. Raises Refused when too many series have the name."""
    from monitoring.store import reading

    try:
        return reading.lines(
            metrics,
            window.start,
            window.end,
            window.step,
            window.agg,
            now=window.now,
            host=window.host,
            labels=window.labels,
        )
    except reading.TooManySeries as error:
        raise Refused(
            "metric", _("%(many)s series have this name: narrow them by a label.") % {"many": error.args[0]}
        ) from error


def width(start: dt.datetime, end: dt.datetime, step: str | None) -> dt.timedelta:
    """The step asked for (seconds, or 30s, 5m, 1h, 1d), or one that makes about 240 of the window."""
    span = end - start
    if step is None:
        seconds = next((one for one in _STEPS if span / one <= _SHOWN * dt.timedelta(seconds=1)), _STEPS[-1])
        return dt.timedelta(seconds=seconds)
    found = _DURATION.fullmatch(step)
    wanted = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 1 <= wanted <= 366 * 86400:
        raise Refused("step", _("A step is seconds, or a number with s, m, h or d."), ("60", "30s", "5m", "1h", "1d"))
    if span > MOST_POINTS * dt.timedelta(seconds=wanted):
        raise Refused("step", _("That is more than %(most)s points: take a longer step.") % {"most": MOST_POINTS})
    return dt.timedelta(seconds=wanted)


def _daily(
    viewer: Viewer,
    metric: Metric,
    start: dt.datetime,
    end: dt.datetime,
    step: str | None,
    now: dt.datetime,
    currency: str | None,
) -> Answer:
    if not viewer.require(Area.EXECUTIVE).everything:
        raise Denied
    return _by_day(metric, start, end, step, now, _currency(metric, currency))


def _currency(metric: Metric, wanted: str | None) -> str | None:
    """The currency of the amounts. Raises Refused where agencies have several and none is named."""
    if metric.unit is not Unit.MONEY:
        return None
    used = tuple(sorted(set(Agency.objects.filter(archived_at=None).values_list("currency", flat=True))))
    if wanted and wanted not in used:
        raise Refused("currency", _("No agency has this currency."), used)
    if not wanted and len(used) > 1:
        raise Refused("currency", _("Amounts of several currencies are never summed: name one."), used)
    return wanted or (used[0] if used else None)


def _by_day(
    metric: Metric,
    start: dt.datetime,
    end: dt.datetime,
    step: str | None,
    now: dt.datetime,
    currency: str | None = None,
) -> Answer:
    if metric.series is None:
        raise Refused("metric", _("This figure has no history."))
    if step is not None and width(start, end, step) != DAY:
        raise Refused("step", _("This figure has one value a day."), ("1d",))
    zone = settings.TIME_ZONE
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (start, min(end, now) - dt.timedelta(microseconds=1)))
    if last < first or (last - first).days >= 730:
        raise Refused("from", _("Ask for 1 to 730 days that have begun."))
    points = metric.series(Where(None, zone, currency), metric.name, first, last)
    values = tuple(None if point.value is None else float(point.value) for point in points)
    # Aware of its zone, so that steps of a day are days of the calendar: one may have 23 or 25 hours.
    midnight = dt.datetime.combine(first, dt.time(), ZoneInfo(zone))
    unit = currency or metric.unit.value
    return Answer(metric.name, unit, Lines(midnight, DAY, len(values), (Line({}, values),), "day"))
