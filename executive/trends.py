"""One value a day of any figure, beside the same number of days before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from business.figures.series import series as business_series
from core import metrics
from core.metrics import Point, Unit, UnknownMetric, Where
from executive.figures import FIELDS
from executive.scope import Asked, Refused

MOST_DAYS = 730

# Beside the figures of the page: what the owner calls the active projects, and the day's own revenue.
PROJECTS, REVENUE = "projects", "revenue"
NAMES = (*FIELDS, PROJECTS, REVENUE)
# As the owner writes it.
_ALIASES = {"error_rate": "error_rate_pct"}


@dataclass(frozen=True)
class Trend:
    """`points` of the days asked for, `previous` of as many days before; a value None where nothing is known."""

    metric: str
    unit: Unit
    label: Any
    points: list[Point]
    previous: list[Point]
    decimals: int


def is_money(metric: str) -> bool:
    """Whether the values are amounts, which need one currency."""
    return metric == REVENUE or unit_of(metric) is Unit.MONEY or metric == "revenue_growth_pct"


def unit_of(metric: str) -> Unit:
    if metric == REVENUE:
        return Unit.MONEY
    try:
        return metrics.get("active_projects" if metric == PROJECTS else metric).unit
    except UnknownMetric:
        return FIELDS[metric].unit


def check(metric: str) -> str:
    """The trend's own name, if there is such a trend; raises Refused."""
    metric = _ALIASES.get(metric, metric)
    if metric not in NAMES:
        raise Refused("metric", _("There is no such metric."), NAMES)
    return metric


def trend(asked: Asked, metric: str, days: int, until: dt.date | None = None) -> Trend:
    """`days` points that end with `until` (default: the day of `asked`), and as many before them."""
    last = until or asked.moment.day
    first = last - dt.timedelta(days=days - 1)
    before = first - dt.timedelta(days=days)
    read, label, decimals = _reader(metric)
    points = read(asked.where, before, last) if read else _nothing(before, last)
    return Trend(metric, unit_of(metric), label, points[days:], points[:days], decimals)


def _reader(metric: str) -> tuple[Callable[[Where, dt.date, dt.date], list[Point]] | None, Any, int]:
    if metric == REVENUE:
        return (
            lambda where, first, last: business_series(where, REVENUE, first, last),
            gettext_lazy("Revenue of the day"),
            2,
        )
    name = "active_projects" if metric == PROJECTS else metric
    try:
        found = metrics.get(name)
    except UnknownMetric:
        return None, FIELDS[name].label, 0
    series = found.series
    if series is None:
        return None, found.label, found.decimals
    return lambda where, first, last: series(where, name, first, last), found.label, found.decimals


def _nothing(first: dt.date, last: dt.date) -> list[Point]:
    return [Point(first + dt.timedelta(days=n), None) for n in range((last - first).days + 1)]


def plain(value: Decimal | None, unit: Unit) -> str | int | float | None:
    """A value for JSON: an amount as text, a count whole, anything else a number."""
    if value is None:
        return None
    if unit is Unit.MONEY:
        return f"{value:.2f}"
    return int(value) if value == value.to_integral_value() else float(value)
