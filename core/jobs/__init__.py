"""Jobs: work with progress that a person can leave, look at again, and cancel."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from celery import Task
from celery.exceptions import Ignore
from django.db import transaction
from django.utils import timezone

from core.audit.context import Actor, acting
from core.people.access import Area, Viewer

logger = logging.getLogger(__name__)

LOST_AFTER = dt.timedelta(minutes=10)


class Cancelled(Exception):
    """The person asked the job to stop."""


class JobFailed(Exception):
    """The work cannot go on; the message says why and what to do."""


class NotQueued(JobFailed, Ignore):
    """The job was cancelled before it began, or its message came twice; Celery drops the task quietly."""


@dataclass(frozen=True)
class JobRow:
    """A job as pages and the API show it. `progress` is 0 to 100."""

    id: uuid.UUID
    kind: str
    status: str
    progress: Decimal
    detail: str
    result: dict[str, Any] | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    agency_id: int | None
    created_by_id: int | None

    @property
    def finished(self) -> bool:
        return self.status in ("done", "failed", "cancelled")


def start(
    kind: str,
    task: Task[Any, Any],
    *,
    viewer: Viewer,
    area: Area,
    agency_id: int | None,
    arguments: dict[str, Any],
) -> uuid.UUID:
    """Makes a job and queues `task(job_id)` when the transaction commits; returns the job's id."""
    from core.jobs.models import Job

    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            area=area.value,
            agency_id=agency_id,
            created_by_id=viewer.user_id,
            arguments=arguments,
        )
        transaction.on_commit(lambda: _enqueue(task, job.pk))
    return job.pk


def _enqueue(task: Task[Any, Any], job_id: uuid.UUID) -> None:
    from core.jobs.models import Job

    try:
        task.delay(str(job_id))
    except Exception as error:  # noqa: BLE001  (any broker's error: the person is told on the job itself)
        logger.warning("a job could not be queued", extra={"error": str(error)})
        Job.objects.filter(pk=job_id, status=Job.Status.QUEUED).update(
            status=Job.Status.FAILED,
            finished_at=timezone.now(),
            detail="the queue did not answer; start it again",
        )


class Progress:
    """Given to the work; `report` writes at most twice a second and raises Cancelled when asked to stop."""

    def __init__(self, job_id: uuid.UUID) -> None:
        self.job_id = job_id
        self._last = 0.0

    def report(self, percent: float | Decimal, detail: str = "", *, force: bool = False) -> None:
        from core.jobs.models import Job

        now = time.monotonic()
        if not force and now - self._last < 0.5:
            return
        self._last = now
        value = min(Decimal(100), max(Decimal(0), Decimal(str(percent)))).quantize(Decimal("0.01"))
        Job.objects.filter(pk=self.job_id).update(progress=value, detail=detail, heartbeat_at=timezone.now())
        if Job.objects.filter(pk=self.job_id, cancel_requested=True).exists():
            raise Cancelled


@contextmanager
def running(job_id: str) -> Iterator[tuple[Any, Progress]]:
    """Runs the block as the job: yields (job, progress); the job ends as the block does.

    Set `job.result` in the block. JobFailed ends it as failed with that message; any other exception too,
    and is raised on for the log. A job that is not queued is not run twice: raises NotQueued.
    """
    from core.jobs.models import Job

    taken = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING, started_at=timezone.now(), heartbeat_at=timezone.now()
    )
    job = Job.objects.get(pk=job_id)
    if not taken:
        raise NotQueued(f"job {job_id} is {job.status}: it runs once")
    with acting(Actor("task", on_behalf_of=job.created_by_id, reason=f"job {job_id}")):
        try:
            yield job, Progress(job.pk)
        except Cancelled:
            _end(job, Job.Status.CANCELLED)
        except JobFailed as failure:
            job.detail = str(failure)
            _end(job, Job.Status.FAILED)
        except BaseException as error:
            job.detail = f"{type(error).__name__}: {error}"[:500]
            _end(job, Job.Status.FAILED)
            raise
        else:
            job.progress = Decimal(100)
            _end(job, Job.Status.DONE)


def _end(job: Any, status: str) -> None:
    from core.jobs.models import Job

    changes: dict[str, Any] = {"status": status, "finished_at": timezone.now(), "result": job.result}
    if status == Job.Status.DONE:
        changes["progress"] = Decimal(100)
        changes["detail"] = ""
    elif status == Job.Status.FAILED:
        changes["detail"] = job.detail
    Job.objects.filter(pk=job.pk).update(**changes)


def _visible(viewer: Viewer) -> Any:
    from django.db.models import Q

    from core.jobs.models import Job

    allowed = Q(pk__in=[])
    for area in Area:
        if scope := viewer.scope(area):
            allowed |= Q(area=area.value) & scope.q("agency_id")
    return Job.objects.filter(allowed)


def find(viewer: Viewer, job_id: uuid.UUID) -> JobRow | None:
    """The job, None when there is none or the viewer may not see it."""
    job = _visible(viewer).filter(pk=job_id).first()
    return _row(job) if job else None


def recent(viewer: Viewer, kind: str, limit: int = 20) -> list[JobRow]:
    """The newest jobs of a kind that the viewer may see."""
    return [_row(job) for job in _visible(viewer).filter(kind=kind)[: min(limit, 200)]]


def cancel(viewer: Viewer, job_id: uuid.UUID) -> bool:
    """Asks a job to stop; False when it is not there or already over."""
    from core.jobs.models import Job

    mine = _visible(viewer).filter(pk=job_id)
    # A queued job ends here and now: nothing has begun that could end it.
    return bool(
        mine.filter(status=Job.Status.QUEUED).update(
            status=Job.Status.CANCELLED, cancel_requested=True, finished_at=timezone.now()
        )
        or mine.filter(status=Job.Status.RUNNING).update(cancel_requested=True)
    )


def fail_lost() -> int:
    """Fails running jobs without a sign of life for ten minutes, and queued ones whose message was lost;
    returns how many."""
    from core.jobs.models import Job

    now = timezone.now()
    stopped = Job.objects.filter(status=Job.Status.RUNNING, heartbeat_at__lt=now - LOST_AFTER).update(
        status=Job.Status.FAILED,
        finished_at=now,
        detail="the worker stopped in the middle; start it again",
    )
    forgotten = Job.objects.filter(status=Job.Status.QUEUED, created_at__lt=now - dt.timedelta(days=1)).update(
        status=Job.Status.FAILED, finished_at=now, detail="no worker took it for a day; start it again"
    )
    return stopped + forgotten


def _row(job: Any) -> JobRow:
    return JobRow(
        job.pk,
        job.kind,
        job.status,
        job.progress,
        job.detail,
        job.result,
        job.created_at,
        job.started_at,
        job.finished_at,
        job.agency_id,
        job.created_by_id,
    )
