"""Samples that others push: custom metrics, with a bound on how many series they may make."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import metrics as registry
from core.people.access import Area, Viewer
from monitoring.store import RAW_KEPT, Sampled, forget_series
from monitoring.store.writing import write_rounds

MOST_SAMPLES: Final = 1_000
MOST_SERIES: Final = 10_000
MOST_OF_METRIC: Final = 1_000
MOST_LABELS: Final = 10
LONGEST_LABEL: Final = 100
DEFAULT_FRESH_S: Final = 60
# What is older could not be rolled up any more; a clock may be a little ahead.
OLDEST: Final = RAW_KEPT - dt.timedelta(hours=1)
AHEAD: Final = dt.timedelta(minutes=5)
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# The label under which the host of a series is shown, and those that Prometheus keeps for itself.
_TAKEN = frozenset({"host", "le", "quantile"})


@dataclass(frozen=True)
class Pushed:
    """One sample. `at` None: now. `fresh_s`: for how long it is the present value."""

    metric: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    at: dt.datetime | None = None
    fresh_s: int = DEFAULT_FRESH_S


@dataclass(frozen=True)
class Fault:
    field: str
    message: str


class Rejected(Exception):
    """Samples are not accepted, and none of the push was kept."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].message)
        self.faults = tuple(faults)


class NameTaken(Exception):
    """A metric of this name is measured by the product itself."""


def push(viewer: Viewer, samples: Sequence[Pushed], now: dt.datetime) -> int:
    """Keeps all samples or none; returns how many.

    A sample pushed again for the same series and time replaces the first. Raises Denied, NameTaken and Rejected.
    """
    viewer.require(Area.MONITORING)
    for one in samples:
        if one.metric in registry.registered():
            raise NameTaken(one.metric)
    faults = [fault for number, one in enumerate(samples) for fault in _faults(number, one, now)]
    if faults:
        raise Rejected(faults)
    _check_cardinality(samples)
    rounds: dict[int, dict[dt.datetime, list[Sampled]]] = {}
    for one in samples:
        of = rounds.setdefault(one.fresh_s, {})
        of.setdefault(one.at or now, []).append(Sampled(one.metric, one.value, one.labels))
    with transaction.atomic():
        for fresh_s, taken in rounds.items():
            write_rounds("", taken.items(), custom=True, fresh_s=fresh_s)
    return len(samples)


def _faults(number: int, one: Pushed, now: dt.datetime) -> list[Fault]:
    place = f"samples.{number}"
    found = []
    if len(one.metric) > 80 or not _NAME.fullmatch(one.metric):
        message = _("A name is lower-case letters, digits and _, parted by dots, 80 characters at most.")
        found.append(Fault(f"{place}.metric", message))
    if not math.isfinite(one.value):
        found.append(Fault(f"{place}.value", _("Not a finite number.")))
    if not 10 <= one.fresh_s <= 900:
        found.append(Fault(f"{place}.fresh_s", _("A sample is fresh for 10 to 900 seconds.")))
    if one.at is not None and not now - OLDEST <= one.at <= now + AHEAD:
        found.append(Fault(f"{place}.at", _("Samples are taken from 47 hours ago until now.")))
    if len(one.labels) > MOST_LABELS:
        found.append(Fault(f"{place}.labels", _("At most %(most)s labels.") % {"most": MOST_LABELS}))
    for name, value in one.labels.items():
        if not _LABEL.fullmatch(name) or name in _TAKEN or name.startswith("__") or len(name) > 60:
            found.append(Fault(f"{place}.labels", _("%(name)s cannot be a label.") % {"name": name[:60]}))
        elif not value or len(value) > LONGEST_LABEL or "\0" in value:
            found.append(
                Fault(f"{place}.labels.{name}", _("A value has 1 to %(most)s characters.") % {"most": LONGEST_LABEL})
            )
    return found


def _check_cardinality(samples: Sequence[Pushed]) -> None:
    """Raises Rejected when the push would make more series than may be, naming the label that varies."""
    metrics = sorted({one.metric for one in samples})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT metric, labels::text FROM monitoring_series WHERE custom AND metric = ANY(%s)"
            " UNION ALL SELECT NULL, count(*)::text FROM monitoring_series WHERE custom",
            [metrics],
        )
        rows = cursor.fetchall()
    total = next(int(count) for metric, count in rows if metric is None)
    kept = {(metric, _frozen(labels)) for metric, labels in rows if metric is not None}
    new = {(one.metric, tuple(sorted(one.labels.items()))) for one in samples} - kept
    if not new:
        return
    for metric, labels in new:
        # Not there, whatever this process remembers: somebody may have deleted the metric.
        forget_series(metric, [dict(labels)])
    faults = []
    for metric in metrics:
        of = [labels for name, labels in kept | new if name == metric]
        if len(of) > MOST_OF_METRIC and any(name == metric for name, _labels in new):
            faults.append(Fault("samples", _too_many(metric, of)))
    if total + len(new) > MOST_SERIES:
        faults.append(
            Fault(
                "samples",
                _("All custom metrics together have %(most)s series at most: %(total)s are there, %(new)s are new.")
                % {"most": MOST_SERIES, "total": total, "new": len(new)},
            )
        )
    if faults:
        raise Rejected(faults)


def _frozen(labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(json.loads(labels).items()))


def _too_many(metric: str, series: Sequence[tuple[tuple[str, str], ...]]) -> str:
    values: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels:
            values.setdefault(name, set()).add(value)
    label = max(values, key=lambda name: len(values[name]), default="")
    return _(
        "%(metric)s would have %(many)s series, %(most)s at most: its label %(label)s has %(values)s values."
        " Leave out what is different each time, like ids."
    ) % {
        "metric": metric,
        "many": len(series),
        "most": MOST_OF_METRIC,
        "label": label,
        "values": len(values.get(label, ())),
    }
