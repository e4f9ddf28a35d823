"""`/monitoring/endpoints` and `/monitoring/endpoint`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.pages import page
from core.pages.listing import ListingError
from core.pages.parts import Link
from core.people.access import Area
from monitoring import windows
from monitoring.endpoints import drawing, table
from monitoring.requests import queries, tiers
from monitoring.requests.counting import REQUEST
from monitoring.requests.series import Series, finest, series
from monitoring.windows import Window


def _window(request: HttpRequest) -> Window:
    """The window of the address. Raises ListingError, which is a page."""
    try:
        return windows.parse(request.GET, request.viewer.zone, timezone.now())  # type: ignore[attr-defined]
    except windows.WindowError as error:
        allowed = _("One of: %(allowed)s.") % {"allowed": ", ".join(error.allowed)} if error.allowed else ""
        raise ListingError(f"{error.message} {allowed}".strip()) from error


@require_safe
def endpoints(request: HttpRequest) -> HttpResponse:
    """GET /monitoring/endpoints: requests by route and method, or tasks by name."""
    now = timezone.now()
    asked = table.parse(request, _window(request))
    read = queries.endpoints if asked.kind == REQUEST else queries.tasks
    found = read(request.viewer, asked.window.start, asked.window.end, now)  # type: ignore[attr-defined]
    rows = table.arranged(found.rows, asked)
    if asked.csv:
        answer = HttpResponse(table.as_csv(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="endpoints.csv"'
        answer["Cache-Control"] = "no-store"
        return answer
    first = (asked.number - 1) * table.PER_PAGE
    shown = rows[first : first + table.PER_PAGE]
    context = {
        **_common(request, asked.window, asked.others),
        "asked": asked,
        "cover": found.cover,
        "behind": asked.window.end - found.cover.end > 2 * tiers.MINUTE,
        "cut": found.cut,
        "known": len(found.rows),
        "total": len(rows),
        "columns": table.heads(asked),
        "rows": [(row, table.change(row), _href(row.method, row.route, asked.window)) for row in shown],
        "kinds": [
            Link(_("Requests"), asked.href(kind=None, q=None), asked.kind == REQUEST),
            Link(_("Tasks"), asked.href(kind="task", q=None), asked.kind != REQUEST),
        ],
        "csv_href": asked.href(format="csv"),
        "clear_href": asked.href(q=None),
        "prev_href": asked.href(page=str(asked.number - 1)) if asked.number > 1 else "",
        "next_href": asked.href(page=str(asked.number + 1)) if len(rows) > first + table.PER_PAGE else "",
    }
    return page(request, "monitoring/endpoints.html", context, "rows")


@require_safe
def endpoint(request: HttpRequest) -> HttpResponse:
    """GET /monitoring/endpoint?method=&route=: one of them over time. One that was never counted is 404."""
    request.viewer.require(Area.MONITORING)  # type: ignore[attr-defined]
    now, window = timezone.now(), _window(request)
    method, route = request.GET.get("method", ""), request.GET.get("route", "")
    number = queries.endpoint_id(method, route)
    if number is None:
        raise Http404(route)
    steps = window.steps(finest(window.start, window.end, now))
    found = series(tiers.one(number), steps, now)
    others = {"method": method, "route": route}
    context = {
        **_common(request, window, others),
        "method": method,
        "route": route,
        "series": found,
        "tiles": drawing.tiles(found.whole, found),
        **(_charts(found, others) if found.total else {}),
        "log_href": f"{reverse('log')}?{urlencode({'q': route})}",
        "crumbs": [
            Link(_("Monitoring"), reverse("monitoring")),
            Link(_("Endpoints"), f"{reverse('endpoints')}?{urlencode(window.params)}"),
        ],
    }
    return page(request, "monitoring/endpoint.html", context, "live")


def _charts(found: Series, others: dict[str, str]) -> dict[str, Any]:
    return {
        "statuses": drawing.statuses(found),
        "percentiles": drawing.percentiles(found),
        "heat": drawing.heat_map(found),
        "slowest": [
            (moment, f"{reverse('endpoint')}?{urlencode({**others, **_zoomed(moment)})}")
            for moment in drawing.slowest(found)
        ],
    }


def _zoomed(moment: drawing.Moment) -> dict[str, str]:
    return Window(moment.start, moment.end, "", "").params


def _href(method: str, route: str, window: Window) -> str:
    return f"{reverse('endpoint')}?{urlencode({'method': method, 'route': route, **window.params})}"


def _common(request: HttpRequest, window: Window, others: dict[str, str]) -> dict[str, Any]:
    return {
        "window": window,
        "presets": windows.links(window, request.path, others),
        "others": others,
        "here": f"{request.path}?{urlencode({**others, **window.params})}",
    }
