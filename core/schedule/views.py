"""/monitoring/schedule: what beat runs, and how it goes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.pages import page
from core.schedule import queries


@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    """GET /monitoring/schedule."""
    now = timezone.now()
    lines = queries.lines(request.viewer, now)  # type: ignore[attr-defined]
    overdue = sum(line.overdue for line in lines)
    failed = sum(line.failed for line in lines)
    context = {"now": now, "lines": lines, "overdue": overdue, "failed": failed}
    return page(request, "schedule/schedule.html", context, "entries")
