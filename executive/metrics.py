"""The health score: what the installation's parts say, weighed. Registers it.

It is made of other figures of the registry, so that it needs nothing of the apps that measure them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import metrics
from core.metrics import Kind, Metric, Reading, State, Unit, Where, register


@dataclass(frozen=True)
class Part:
    """One part of the score. It passes when every one of its figures is known and within its limit."""

    key: str
    label: Any
    weight: int
    limits: dict[str, tuple[Callable[[Decimal], bool], Any]]


def _at_most(limit: int) -> Callable[[Decimal], bool]:
    return lambda value: value <= limit


def _at_least(limit: int) -> Callable[[Decimal], bool]:
    return lambda value: value >= limit


# The limits are those of the owner's own rules. The weights add up to 100.
PARTS = (
    Part("checks", _("Health checks"), 30, {"health.passing_pct": (_at_least(100), _("all pass"))}),
    Part("errors", _("Error rate"), 20, {"error_rate_pct": (_at_most(5), _("at most 5 %"))}),
    Part("response", _("Response time"), 15, {"response_time_ms": (_at_most(2000), _("at most 2 s"))}),
    Part(
        "resources",
        _("Processor and memory"),
        15,
        {
            "cpu_pct": (_at_most(80), _("at most 80 %")),
            "memory_pct": (_at_most(90), _("at most 90 %")),
        },
    ),
    Part("backups", _("Backups"), 10, {"backup_health_pct": (_at_least(100), _("all made and verified"))}),
    Part("alerts", _("Critical alerts"), 10, {"critical_alerts": (_at_most(0), _("none open"))}),
)
NEEDED = tuple(name for part in PARTS for name in part.limits)


@dataclass(frozen=True)
class Judged:
    """A part as it stands: `passes` None is unknown, and counts as not passing."""

    part: Part
    passes: bool | None
    readings: dict[str, Reading]


def judge(readings: dict[str, Reading]) -> list[Judged]:
    """Each part by the readings of its figures; a stale reading is not known."""
    judged = []
    for part in PARTS:
        found = {name: readings[name] for name in part.limits}
        passes: bool | None = True
        for name, (within, _words) in part.limits.items():
            reading = found[name]
            if reading.value is None or reading.state is not State.KNOWN:
                passes = None
                break
            passes = bool(passes) and within(reading.value)
        judged.append(Judged(part, passes, found))
    return judged


def score(readings: dict[str, Reading], as_of: dt.datetime) -> Reading:
    """Sum of the weights of the passing parts, 0 to 100; unknown when no part at all is known."""
    judged = judge(readings)
    parts = {"parts": judged, "unknown": [one.part.key for one in judged if one.passes is None]}
    if all(one.passes is None for one in judged):
        return Reading(None, as_of, State.NO_DATA, parts=parts)
    total = sum(one.part.weight for one in judged if one.passes)
    return Reading(Decimal(total), as_of, parts=parts)


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    return dict.fromkeys(names, score(metrics.read(NEEDED, where, as_of), as_of))


register(
    Metric(
        "health_score",
        Unit.SCORE,
        Kind.GAUGE,
        _("Health score"),
        _(
            "Sum of the weights of the parts that pass, of 100. A part whose figure is not known counts as not"
            " passing, and is named."
        ),
        read,
        higher_is_better=True,
        per_agency=False,
    )
)
