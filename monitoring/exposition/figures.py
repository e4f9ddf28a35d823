"""The present values of the registry's figures and of what is pushed. What is unknown or stale has none."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

from core import metrics as registry
from core.agencies.models import Agency
from core.metrics import Metric, Reading, State, Unit, Where
from monitoring.metrics import sampled
from monitoring.store import reading

KEPT_S: Final = 60
"""Figures over windows (the business, the last 60 minutes) are read once in so long, however many scrape."""
MOST_CUSTOM: Final = 2_000
MOST_CURRENCIES: Final = 10
_KEY: Final = "exposition.figures"


@dataclass(frozen=True)
class Value:
    """A value in the registry's unit (or as it was pushed), with what tells its series apart."""

    metric: str
    value: float
    labels: dict[str, str]


@dataclass(frozen=True)
class Now:
    """`left_out` counts the fresh series that were pushed beyond MOST_CUSTOM."""

    registered: list[Value]
    pushed: list[Value]
    left_out: int


def is_sampled(metric: Metric) -> bool:
    """Whether the store has its newest samples, by host and labels: finer than one reading of all."""
    return metric.lines is sampled.lines


def now(at: dt.datetime, *, business: bool) -> Now:
    """Everything that is known at `at`; figures of agencies only with `business`. One query, and some more once
    in KEPT_S."""
    known = registry.registered()
    found: list[Value] = []
    pushed: list[Value] = []
    for one in reading.fresh([name for name, metric in known.items() if is_sampled(metric)], at):
        labels = {**({"host": one.host} if one.host else {}), **one.labels}
        if math.isfinite(one.value):
            (found if one.metric in known else pushed).append(Value(one.metric, one.value, labels))
    for value in _windows(at):
        metric = known.get(value.metric)
        if metric is not None and (business or not metric.per_agency):
            found.append(value)
    return Now(found, pushed[:MOST_CUSTOM], max(0, len(pushed) - MOST_CUSTOM))


def _windows(at: dt.datetime) -> list[Value]:
    """Figures that are no samples, at most KEPT_S old. Without Redis they are read anew each time."""
    kept: Any = cache.get(_KEY)
    if kept is None:
        values = list(_read(at))
        cache.set(_KEY, [[one.metric, one.value, one.labels] for one in values], KEPT_S)
        return values
    return [Value(metric, value, labels) for metric, value, labels in kept]


def _read(at: dt.datetime) -> Iterator[Value]:
    zone = settings.TIME_ZONE
    wanted = [metric for metric in registry.registered().values() if not is_sampled(metric)]
    money = [metric.name for metric in wanted if metric.unit is Unit.MONEY]
    others = [metric.name for metric in wanted if metric.unit not in (Unit.MONEY, Unit.TEXT)]
    yield from _known(registry.read(others, Where(None, zone), at), {})
    # Amounts of different currencies are never summed: each has its own.
    for currency in _currencies() if money else ():
        yield from _known(registry.read(money, Where(None, zone, currency), at), {"currency": currency})


def _currencies() -> Sequence[str]:
    used = Agency.objects.filter(archived_at=None).values_list("currency", flat=True).distinct().order_by("currency")
    return list(used[:MOST_CURRENCIES])


def _known(readings: dict[str, Reading], labels: dict[str, str]) -> Iterator[Value]:
    for name, one in readings.items():
        if one.value is not None and one.state is State.KNOWN:
            yield Value(name, float(one.value), labels)
