"""An installation in which every figure is known, for what reads /metrics."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from prometheus_client import parser

from core import metrics as registry
from core.schedule import entries
from core.schedule.models import BeatRun
from monitoring import health, recording
from monitoring.exposition import figures
from monitoring.health import ESSENTIAL, Outcome, Status
from monitoring.requests.counting import Requests, Tasks
from monitoring.store import Sampled, write

type Key = tuple[str, frozenset[tuple[str, str]]]


def parsed(text: str, read: Any = parser.text_string_to_metric_families) -> dict[Key, float]:
    """Name and labels of each sample, and its value, as the library reads them."""
    return {(one.name, frozenset(one.labels.items())): one.value for family in read(text) for one in family.samples}


def everything_known(now: dt.datetime | None = None) -> None:
    """Writes a sample of each metric that is sampled, and keeps a value of each that is read over a window."""
    at = now or timezone.now()
    known = registry.registered()
    stored = [one for one in known.values() if figures.is_sampled(one)]
    write("web-1", at, [Sampled(one.name, 1.0, dict.fromkeys(one.labels, "x")) for one in stored])
    rest: list[Any] = [[name, 1.0, {}] for name, one in known.items() if not figures.is_sampled(one)]
    cache.set(figures._KEY, rest, 600)
    health.keep([Outcome(name, Status.OK, 1.0) for name in ESSENTIAL], at - dt.timedelta(seconds=1))
    for name in entries():
        BeatRun.objects.create(name=name, last_succeeded_at=at, last_duration_ms=5, runs=7)
    requests, tasks = Requests(), Tasks()
    for status in (200, 500):
        requests.add("/business/clients", "GET", status, 80.0)
    tasks.add("core.tasks.prune", "success", 80.0)
    recording._write_counts(requests.take() | tasks.take())
