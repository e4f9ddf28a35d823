"""The entries of the schedule with their last runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from celery.schedules import crontab
from django.utils.translation import gettext as _

from core import formats
from core.people.access import Area, Viewer
from core.schedule import entries, next_run
from core.schedule.models import BeatRun

# A run may wait in the queue this long before it is called overdue.
GRACE = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class Line:
    """An entry and its last run; times are None when it never ran."""

    name: str
    does: Any
    every: str
    last_at: dt.datetime | None
    next_at: dt.datetime
    duration_ms: int | None
    outcome: str
    detail: str
    runs: int
    failures: int
    failed_at: dt.datetime | None
    failure: str
    late_by: dt.timedelta

    @property
    def overdue(self) -> bool:
        return self.last_at is not None and self.late_by > GRACE

    @property
    def failed(self) -> bool:
        return self.outcome == "failed"


def lines(viewer: Viewer, now: dt.datetime) -> list[Line]:
    """Every entry, in the order they are declared. Raises Denied. One query."""
    viewer.require(Area.MONITORING)
    runs = {run.name: run for run in BeatRun.objects.filter(name__in=list(entries()))}
    found = []
    for entry in entries().values():
        run = runs.get(entry.name)
        due = next_run(entry, run.last_started_at if run else None, now)
        found.append(
            Line(
                entry.name,
                entry.does,
                every(entry.every),
                run.last_started_at if run else None,
                due,
                run.last_duration_ms if run else None,
                run.last_outcome if run else "",
                run.last_detail if run else "",
                run.runs if run else 0,
                run.failures if run else 0,
                run.last_failed_at if run else None,
                run.last_failure if run else "",
                max(dt.timedelta(0), now - due),
            )
        )
    return found


def every(rhythm: float | crontab) -> str:
    """The rhythm in words."""
    if not isinstance(rhythm, crontab):
        return _("every %(time)s") % {"time": formats.duration(rhythm)}
    fields: Any = rhythm  # the stubs leave the parsed sets out
    hours, minutes = sorted(fields.hour), sorted(fields.minute)
    if len(hours) == 24 and len(minutes) == 1:
        return _("hourly at minute %(minute)s") % {"minute": minutes[0]}
    if len(hours) == 1 and len(minutes) == 1:
        return _("daily at %(time)s") % {"time": f"{hours[0]:02d}:{minutes[0]:02d}"}
    return str(rhythm)
