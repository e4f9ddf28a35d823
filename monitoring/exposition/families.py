"""All families of /metrics, for the exposition of prometheus-client."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from django.conf import settings
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from core import metrics as registry
from core.schedule import entries
from core.schedule.models import BeatRun
from monitoring.exposition import figures, totals
from monitoring.exposition.figures import Now, Value
from monitoring.exposition.names import PREFIX, Named, custom, named
from monitoring.exposition.totals import Total
from monitoring.health.history import newest
from monitoring.health.outcomes import Outcome, Status
from monitoring.requests.counting import OUTCOMES, REQUEST, TASK

UP: Final = {Status.OK: 1, Status.DEGRADED: 1, Status.DOWN: 0}
"""What is not configured, or was not asked in time, is neither."""
_OUTCOMES: Final = {status: outcome for outcome, status in OUTCOMES.items()}


class Families(Collector):
    """What was read before: collecting asks nothing more."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Family]:
        return self._families


def read(at: dt.datetime, *, business: bool) -> Families:
    """Everything that is known at `at`. Four queries, and some more once a minute."""
    now = figures.now(at, business=business)
    counted = totals.read()
    return Families(
        family
        for family in (
            *_build(),
            *_requests([one for one in counted if one.kind == REQUEST]),
            *_tasks([one for one in counted if one.kind == TASK]),
            *_checks(outcome for _at, outcome in newest(at).values()),
            *_schedule(),
            *_figures(now.registered),
            *_custom(now),
        )
        # A family without samples would say that there is nothing, where nothing is known.
        if family.samples
    )


def _family(name: str, kind: str, text: str, unit: str = "") -> Family:
    return Family(PREFIX + name, text, kind, unit)


def _add(family: Family, value: float, labels: dict[str, str] | None = None, ending: str = "") -> None:
    family.samples.append(Sample(family.name + ending, labels or {}, value))


@lru_cache
def version() -> str:
    """As the project's own file has it."""
    found = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(found["project"]["version"])


def _build() -> Iterator[Family]:
    family = _family("build", "info", "The version that answers.")
    _add(family, 1, {"version": version()}, "_info")
    yield family


def _requests(counted: Sequence[Total]) -> Iterator[Family]:
    count = _family("requests", "counter", "Answers since the beginning, by route pattern, method and status.")
    time = _family(
        "response_time_seconds",
        "histogram",
        "Time to answer, as the server measures it, by route pattern, method and status.",
        "seconds",
    )
    for one in counted:
        labels = {"method": one.method, "route": one.route, "status": str(one.status)}
        _add(count, one.count, labels, "_total")
        _histogram(time, one, labels)
    yield count
    yield time


def _tasks(counted: Sequence[Total]) -> Iterator[Family]:
    count = _family("tasks", "counter", "Runs of background tasks since the beginning, by how they ended.")
    time = _family("task_duration_seconds", "histogram", "How long tasks ran, by how they ended.", "seconds")
    for one in counted:
        labels = {"task": one.route, "outcome": _OUTCOMES.get(one.status, "failure")}
        _add(count, one.count, labels, "_total")
        _histogram(time, one, labels)
    yield count
    yield time


@lru_cache
def _bounds(kind: str) -> tuple[str, ...]:
    return (*(str(floatToGoString(bound)) for bound in totals.BOUNDS_S[kind]), "+Inf")


def _histogram(family: Family, one: Total, labels: dict[str, str]) -> None:
    for le, count in zip(_bounds(one.kind), totals.cumulative(one.buckets), strict=True):
        _add(family, count, {**labels, "le": le}, "_bucket")
    _add(family, one.count, labels, "_count")
    _add(family, one.seconds, labels, "_sum")


def _checks(outcomes: Iterable[Outcome]) -> Iterator[Family]:
    up = _family("health_check_up", "gauge", "Whether the newest check of this service found that it answers.")
    latency = _family(
        "health_check_latency_seconds", "gauge", "How long the service took to answer the newest check.", "seconds"
    )
    for one in outcomes:
        if one.status in UP:
            _add(up, UP[one.status], {"check": one.name})
            if one.latency_ms is not None:
                _add(latency, one.latency_ms / 1000, {"check": one.name})
    yield up
    yield latency


def _schedule() -> Iterator[Family]:
    last = _family(
        "schedule_last_success_timestamp_seconds", "gauge", "When the entry last ended without a failure.", "seconds"
    )
    took = _family("schedule_last_duration_seconds", "gauge", "How long the entry's last run took.", "seconds")
    runs = _family("schedule_runs", "counter", "Runs of the entry of the schedule.")
    failures = _family("schedule_failures", "counter", "Runs of the entry that failed.")
    for run in BeatRun.objects.filter(name__in=list(entries())).order_by("name"):
        labels = {"entry": run.name}
        if run.last_succeeded_at is not None:
            _add(last, run.last_succeeded_at.timestamp(), labels)
        if run.last_duration_ms is not None:
            _add(took, run.last_duration_ms / 1000, labels)
        _add(runs, run.runs, labels, "_total")
        _add(failures, run.failures, labels, "_total")
    yield from (last, took, runs, failures)


def _figures(values: Iterable[Value]) -> Iterator[Family]:
    by_metric: dict[str, list[Value]] = {}
    for value in values:
        by_metric.setdefault(value.metric, []).append(value)
    for name, metric in registry.registered().items():
        if name in by_metric:
            yield _figure(named(metric), by_metric[name])


def _figure(how: Named, values: Iterable[Value]) -> Family:
    name = how.name.removesuffix("_total") if how.counter else how.name
    family = Family(name, how.help, "counter" if how.counter else "gauge", how.unit)
    for one in values:
        family.samples.append(Sample(name + "_total" * how.counter, one.labels, one.value * how.factor))
    return family


def _custom(now: Now) -> Iterator[Family]:
    """What is pushed has no kind. Of two names that would be written alike the first pushed is shown."""
    families: dict[str, tuple[str, Family]] = {}
    left_out = now.left_out
    for one in now.pushed:
        name = custom(one.metric)
        text = f"Pushed by somebody as {one.metric}."
        owner, family = families.setdefault(name, (one.metric, Family(name, text, "unknown")))
        if owner == one.metric:
            family.samples.append(Sample(name, one.labels, one.value))
        else:
            left_out += 1
    for _owner, family in families.values():
        yield family
    if now.pushed:
        shown = _family("pushed_series_left_out", "gauge", "Pushed series that are fresh and not shown here.")
        _add(shown, left_out)
        yield shown
