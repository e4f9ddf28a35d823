"""The metric registry: each figure is defined once, by the app that measures it.

Executive, alerts and monitoring read the registry and know nothing of where a number comes from. The names
are the fields of `/api/executive/metrics` and dotted names for the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    SCORE = "score"
    MILLISECONDS = "ms"
    SECONDS = "s"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes_per_second"
    RATING = "rating"
    PER_SECOND = "per_second"
    PER_MINUTE = "per_minute"
    TEXT = "text"


class Kind(StrEnum):
    """`gauge` is a state now, `counter` only grows, `flow` sums over a window, `ratio` divides two sums."""

    GAUGE = "gauge"
    COUNTER = "counter"
    FLOW = "flow"
    RATIO = "ratio"


class State(StrEnum):
    KNOWN = "known"
    NO_DATA = "no_data"
    STALE = "stale"
    NOT_AVAILABLE = "not_available"


@dataclass(frozen=True)
class Where:
    """Whose figure: `agency_ids` None means the whole group. `zone` gives days and months their borders."""

    agency_ids: tuple[int, ...] | None
    zone: str
    currency: str | None = None


@dataclass(frozen=True)
class Reading:
    """A figure at a time. `value` None is unknown, never zero; `note` says why or of how many (n)."""

    value: Decimal | None
    as_of: dt.datetime
    state: State = State.KNOWN
    note: str = ""
    parts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def unknown(cls, as_of: dt.datetime, note: str = "", state: State = State.NO_DATA) -> Reading:
        return cls(None, as_of, state, note)


@dataclass(frozen=True)
class Point:
    """One day (or step) of a series; `value` None where nothing is known."""

    at: dt.datetime | dt.date
    value: Decimal | None


@dataclass(frozen=True)
class Line:
    """One series: its labels, and a value for each step of the `Lines` it belongs to; None is a gap."""

    labels: Mapping[str, str]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Lines:
    """All series of one metric over the same `count` steps, the first of which begins at `start`.

    `grain` is what they were read from: raw, minute, hour or day.
    """

    start: dt.datetime
    step: dt.timedelta
    count: int
    lines: tuple[Line, ...]
    grain: str = "raw"

    @property
    def times(self) -> list[dt.datetime]:
        return [self.start + number * self.step for number in range(self.count)]


ReadMany = Callable[[Where, dt.datetime, Sequence[str]], dict[str, Reading]]
type Agg = Literal["avg", "min", "max", "p95", "sum", "last"]
"""How the samples of a step become one value."""
AGGREGATES: tuple[Agg, ...] = ("avg", "min", "max", "p95", "sum", "last")

ReadSeries = Callable[[Where, str, dt.date, dt.date], list[Point]]


@dataclass(frozen=True)
class Window:
    """What is asked of `ReadLines`: steps over [start, end), as known at `now`. `agg` is one of avg, min, max,
    p95, sum and last; `host` and `labels` narrow the series."""

    start: dt.datetime
    end: dt.datetime
    step: dt.timedelta
    now: dt.datetime
    agg: Agg = "avg"
    host: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


ReadLines = Callable[[Sequence[str], Window], dict[str, Lines]]


@dataclass(frozen=True)
class Metric:
    """One figure. `read` reads it, and may read several of its group in one query; `series` gives one point
    a day from the first to the last day, both included; `lines` reads several metrics of its group over any
    window in steps, by series with these `labels`. `higher_is_better` None: neither.

    `formula` and `source` are shown behind the figure; both are lazy translations.
    """

    name: str
    unit: Unit
    kind: Kind
    label: Any
    formula: Any
    read: ReadMany
    series: ReadSeries | None = None
    higher_is_better: bool | None = None
    per_agency: bool = True
    decimals: int = 0
    labels: tuple[str, ...] = ()
    lines: ReadLines | None = None


_registry: dict[str, Metric] = {}


class UnknownMetric(LookupError):
    """No metric of this name is registered."""


def register(*metrics: Metric) -> None:
    """Adds metrics; a name defined twice is a bug and raises ValueError."""
    for metric in metrics:
        if metric.name in _registry and _registry[metric.name] is not metric:
            raise ValueError(f"metric {metric.name} is defined twice")
        _registry[metric.name] = metric


def get(name: str) -> Metric:
    try:
        return _registry[name]
    except KeyError:
        raise UnknownMetric(name) from None


def registered() -> dict[str, Metric]:
    return dict(_registry)


def read(names: Iterable[str], where: Where, as_of: dt.datetime) -> dict[str, Reading]:
    """Readings of several metrics; those with the same `read` share one call. A name that nobody registered
    (its app is not built yet) reads as not available."""
    wanted: dict[ReadMany, list[str]] = {}
    found: dict[str, Reading] = {}
    for name in names:
        metric = _registry.get(name)
        if metric is None:
            found[name] = Reading.unknown(as_of, state=State.NOT_AVAILABLE)
        else:
            wanted.setdefault(metric.read, []).append(name)
    for reader, group in wanted.items():
        found |= reader(where, as_of, group)
    return found
