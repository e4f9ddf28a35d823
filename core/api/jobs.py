"""Jobs over the API."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from core import jobs
from core.api.auth import viewer_of_request
from core.api.problems import Problem
from core.jobs import JobRow

router = Router(tags=["jobs"])


class JobOut(Schema):
    """Work that goes on after its request was answered."""

    id: uuid.UUID
    kind: str = Field(description="What it does, such as `import` or `backup`.")
    status: str = Field(description="queued, running, done, failed or cancelled.")
    progress: float = Field(description="0 to 100.")
    detail: str = Field(description="What it is doing, or why it failed.")
    result: dict[str, Any] | None = Field(description="What came of it, null before the end.")
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


def job_out(row: JobRow) -> JobOut:
    """The contract's form of a job."""
    return JobOut(
        id=row.id,
        kind=row.kind,
        status=row.status,
        progress=float(row.progress),
        detail=row.detail,
        result=row.result,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _found(request: HttpRequest, job_id: uuid.UUID) -> JobRow:
    row = jobs.find(viewer_of_request(request), job_id)
    if row is None:
        raise Problem(404, "There is no such job.")
    return row


@router.get("jobs/{uuid:job_id}", response=JobOut, summary="A job with its progress")
def get_job(request: HttpRequest, job_id: uuid.UUID) -> JobOut:
    """Ask again until `status` is done, failed or cancelled."""
    return job_out(_found(request, job_id))


@router.post("jobs/{uuid:job_id}/cancel", response={202: JobOut}, summary="Ask a job to stop")
def cancel_job(request: HttpRequest, job_id: uuid.UUID) -> Status[JobOut]:
    """A queued job never starts; a running one stops at its next step, and `status` becomes cancelled then.
    409 when it is already over."""
    row = _found(request, job_id)
    if not jobs.cancel(viewer_of_request(request), job_id):
        raise Problem(409, f"The job is {row.status}: there is nothing to stop.")
    return Status(202, job_out(_found(request, job_id)))
