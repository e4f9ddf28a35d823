"""The page of a job: its progress, what came of it, and a way to stop it."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import jobs
from core.jobs import JobRow
from core.pages import page
from core.pages.parts import JobView, Link
from core.people.access import Viewer


def title(row: JobRow) -> str:
    """What a job does, in words."""
    known = {"import": _("Import"), "backup": _("Backup"), "recovery": _("Recovery")}
    return known.get(row.kind.split(".")[0], row.kind)


def job_view(row: JobRow, result: Link | None = None) -> JobView:
    """A job for the component `{% job %}`, which asks this page again until it is over."""
    poll = "" if row.finished else reverse("job", args=[row.id])
    link = result if row.finished else None
    return JobView(str(row.id), title(row), row.status, int(row.progress), row.detail, poll, link)


def _found(viewer: Viewer, job_id: uuid.UUID) -> JobRow:
    row = jobs.find(viewer, job_id)
    if row is None:
        raise Http404
    return row


@require_safe
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """GET /jobs/<id>; its partial is the progress alone."""
    row = _found(request.viewer, job_id)  # type: ignore[attr-defined]
    results = [(name, value) for name, value in (row.result or {}).items() if isinstance(value, (str, int))]
    context = {"row": row, "job": job_view(row), "partial": f"job-{row.id}", "results": results}
    headers = request.headers
    if headers.get("HX-Request") == "true" and headers.get("HX-Target", "").endswith(f"job-{row.id}"):
        return page(request, "components/job.html", context)
    return page(request, "jobs/job.html", context)


@require_POST
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """POST /jobs/<id>/cancel: asks it to stop, and leads back to it."""
    _found(request.viewer, job_id)  # type: ignore[attr-defined]
    jobs.cancel(request.viewer, job_id)  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("job", args=[job_id]))
