"""/monitoring, /monitoring/metric and /monitoring/metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import formats
from core.pages import page
from core.pages.errors import bad_request
from core.pages.parts import Tile
from monitoring.page import news, queries, sections, tables
from monitoring.page.badge import remember
from monitoring.page.controls import controls
from monitoring.page.figures import step_words
from monitoring.page.queries import Overview
from monitoring.page.rows import Desk
from monitoring.windows import Window, WindowError, parse

logger = logging.getLogger(__name__)


@require_safe
def monitoring(request: HttpRequest) -> HttpResponse:
    """GET /monitoring: whether anything is wrong, then checks, host, database, queue, endpoints."""
    now = timezone.now()
    viewer = request.viewer  # type: ignore[attr-defined]
    try:
        window = parse(request.GET, viewer.zone, now)
    except WindowError as error:
        return bad_request(request, error)
    found = queries.overview(viewer, window, request.GET.get("host") or None, now)
    if found.checks:
        remember(found.checks.report, now)
    return page(request, "monitoring/monitoring.html", context(request, found), "live")


def context(request: HttpRequest, found: Overview) -> dict[str, Any]:
    """What the template shows. A section that cannot be made is None, and the template says so."""
    traffic, checks, measured = found.traffic, found.checks, found.measured
    desk = Desk(found, measured) if measured else None
    endpoints = _made(lambda: tables.endpoints(traffic, found.window)) if traffic else None
    mounts = _made(lambda: tables.mounts(desk)) if desk else None
    silent = news.silent(found)
    hosts = found.facts.hosts if found.facts else {}
    return {
        "found": found,
        "now": found.now,
        "live": found.live,
        "address": request.get_full_path(),
        "span": urlencode(found.window.params),
        "poll": poll_seconds(found.window),
        "controls": controls(reverse("monitoring"), found.window, found.host, hosts, found.now, silent=silent),
        "reading": news.reading(found, desk, mounts or [], endpoints or []),
        "checks": _made(lambda: tables.check_lines(checks.rows)) if checks else None,
        "heartbeat": found.checks.heartbeat if found.checks else None,
        "whole": tables.STATUSES[found.checks.report.status] if found.checks else tables.STATUSES["unknown"],
        "tiles": _made(lambda: [*sections.business(desk), requests_tile(found)]) if desk else None,
        "heat": _made(lambda: tables.heat_of_cpu(desk)) if desk else None,
        "machine": _made(lambda: sections.machine(desk)) if desk else None,
        "mounts": mounts,
        "devices": _made(lambda: tables.devices(desk)) if desk else None,
        "groups": [_made(partial(make, desk)) for make in sections.GROUPS] if desk else [None],
        "endpoints": endpoints,
        "endpoints_all": len(found.traffic.endpoints) if found.traffic else 0,
        "tasks": _made(lambda: tables.tasks(traffic, found.window)) if traffic else None,
        "moments": tables.moments(found.facts.notes) if found.facts else None,
        "step": step_words(desk.measured.grid.step) if desk else "",
        "newest": max(found.measured.seen.values(), default=None) if found.measured else None,
    }


def _made[T](make: Callable[[], T]) -> T | None:
    """One section; None, logged, when it cannot be made. One of them does not take the page down."""
    try:
        return make()
    except Exception:
        logger.exception("monitoring page: a section cannot be made")
        return None


def poll_seconds(window: Window) -> int:
    """How often a page of this window asks again: no oftener than its points change."""
    return min(600, max(10, int(window.length.total_seconds() / 360)))


def requests_tile(found: Overview) -> Tile:
    """Requests of the window, per minute, with the share that failed."""
    traffic = found.traffic
    href = "#endpoints"
    label = _("Requests")
    if traffic is None or not traffic.cover.seconds:
        return Tile(label, None, href=href, note=_("not counted yet"))
    note = _("errors %(share)s") % {
        "share": formats.percent(100 * traffic.errors / traffic.requests if traffic.requests else None, 2)
    }
    per_minute = traffic.requests / traffic.cover.seconds * 60
    return Tile(label, round(per_minute, 1), unit="/min", href=href, note=note, as_of=found.now if found.live else None)
