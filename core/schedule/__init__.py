"""What beat runs, in one place: the entries, and how each last run went.

`fvdash.schedule` registers the entries; signals of Celery write down each run.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from celery.schedules import crontab
from celery.schedules import schedule as interval
from django.conf import settings

from core.logs import scrub


@dataclass(frozen=True)
class Entry:
    """`every`: seconds, or a crontab in the group's time zone. `expires_s`: a run that waited longer in the
    queue is dropped, since the next one does its work."""

    name: str
    task: str
    every: float | crontab
    does: Any
    expires_s: float | None = None


_entries: dict[str, Entry] = {}


def register(*entries: Entry) -> None:
    for entry in entries:
        if entry.name in _entries:
            raise ValueError(f"schedule entry {entry.name} is defined twice")
        _entries[entry.name] = entry


def entries() -> dict[str, Entry]:
    return dict(_entries)


def beat_schedule() -> dict[str, dict[str, Any]]:
    """The entries in Celery's own form; the entry's name travels in a header of the message."""
    return {
        entry.name: {
            "task": entry.task,
            "schedule": entry.every if isinstance(entry.every, crontab) else interval(entry.every),
            "options": {
                "headers": {"beat_entry": entry.name},
                **({"expires": entry.expires_s} if entry.expires_s else {}),
            },
        }
        for entry in _entries.values()
    }


def next_run(entry: Entry, last: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """When the entry is due after `last`; at once when it never ran."""
    if last is None:
        return now
    if isinstance(entry.every, crontab):
        # Celery's remaining_estimate counts from its own clock; this is the same without one.
        last_local, delta, _ = entry.every.remaining_delta(last.astimezone(ZoneInfo(settings.TIME_ZONE)))
        due: dt.datetime = last_local + delta
        return due.astimezone(dt.UTC)
    return last + dt.timedelta(seconds=entry.every)


_started: dict[str, tuple[float, dt.datetime]] = {}


def _entry_of(task: Any) -> str | None:
    request = getattr(task, "request", None)
    headers = getattr(request, "headers", None) or {}
    return headers.get("beat_entry") or getattr(request, "beat_entry", None)


def on_start(sender: Any = None, task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    from django.utils import timezone

    if _entry_of(task):
        _started[task_id] = (time.monotonic(), timezone.now())


def on_end(
    sender: Any = None,
    task_id: str = "",
    task: Any = None,
    retval: Any = None,
    state: str = "",
    **kwargs: Any,
) -> None:
    from django.db import connection
    from django.utils import timezone

    name = _entry_of(task)
    if not name or task_id not in _started:
        return
    clock, started = _started.pop(task_id)
    failed = state != "SUCCESS"
    detail = scrub(str(retval))[:500] if retval is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_beatrun (name, last_started_at, last_finished_at, last_duration_ms, last_outcome,"
            " last_detail, last_succeeded_at, last_failed_at, last_failure, runs, failures)"
            " VALUES (%(name)s, %(started)s, %(now)s, %(ms)s, %(outcome)s, %(detail)s,"
            "         CASE WHEN NOT %(failed)s THEN %(now)s::timestamptz END,"
            "         CASE WHEN %(failed)s THEN %(now)s::timestamptz END,"
            "         CASE WHEN %(failed)s THEN %(detail)s ELSE '' END, 1, %(failed)s::int)"
            " ON CONFLICT (name) DO UPDATE SET last_started_at = excluded.last_started_at,"
            "   last_finished_at = excluded.last_finished_at, last_duration_ms = excluded.last_duration_ms,"
            "   last_outcome = excluded.last_outcome, last_detail = excluded.last_detail,"
            "   last_succeeded_at = coalesce(excluded.last_succeeded_at, core_beatrun.last_succeeded_at),"
            "   last_failed_at = coalesce(excluded.last_failed_at, core_beatrun.last_failed_at),"
            "   last_failure = CASE WHEN %(failed)s THEN excluded.last_failure"
            "                       ELSE core_beatrun.last_failure END,"
            "   runs = core_beatrun.runs + 1, failures = core_beatrun.failures + %(failed)s::int",
            {
                "name": name,
                "started": started,
                "now": timezone.now(),
                "ms": int((time.monotonic() - clock) * 1000),
                "outcome": "failed" if failed else "ok",
                "detail": detail,
                "failed": failed,
            },
        )


def connect() -> None:
    from celery.signals import task_postrun, task_prerun

    task_prerun.connect(on_start, dispatch_uid="core.schedule.start")
    task_postrun.connect(on_end, dispatch_uid="core.schedule.end")
