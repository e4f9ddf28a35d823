"""/monitoring/log: groups, one group, and all that was logged in one request."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import formats
from core.api.auth import viewer_of_request
from core.charts import sparkline
from core.charts.bars import Bar, Tone, bars
from core.pages import page
from core.pages.listing import Listing, ListingError, ListingQuery
from core.pages.parts import Link
from monitoring.log import actions, queries
from monitoring.log.queries import GroupPage, GroupRow

# Of a level and of a state: (glyph, word).
LEVELS = {
    "critical": ("critical", gettext_lazy("critical")),
    "error": ("critical", gettext_lazy("error")),
    "warning": ("warning", gettext_lazy("warning")),
    "info": ("info", gettext_lazy("info")),
    "debug": ("info", gettext_lazy("debug")),
}
STATES = {
    "open": ("pending", gettext_lazy("open")),
    "regressed": ("warning", gettext_lazy("came again")),
    "resolved": ("ok", gettext_lazy("resolved")),
    "muted": ("silenced", gettext_lazy("muted")),
}
TABS = {
    "open": gettext_lazy("Open"),
    "muted": gettext_lazy("Muted"),
    "resolved": gettext_lazy("Resolved"),
    "all": gettext_lazy("All"),
}
DONE = {
    "resolve": gettext_lazy("Resolved. If it comes again, it opens as “came again”."),
    "mute": gettext_lazy("Muted: it is still counted, and no longer stands among the open ones."),
    "reopen": gettext_lazy("Open again."),
}


@dataclass(frozen=True)
class Line:
    """A row of the list."""

    row: GroupRow
    level: tuple[str, object]
    state: tuple[str, object]
    chart: SafeString


@require_safe
def listing(request: HttpRequest) -> HttpResponseBase:
    """GET /monitoring/log; with ?request=ID what was logged in that request or task."""
    viewer = viewer_of_request(request)
    if "request" in request.GET:
        return _of_request(request, request.GET["request"].strip())
    query = queries.LISTING.parse(request)
    if query.wants_csv:
        export = Listing(**{**vars(queries.LISTING), "columns": [*queries.EXPORT, *_unexported()]})
        found = queries.rows(viewer, query)
        return ListingQuery(**{**vars(query), "listing": export}).csv(found, make=queries.row_of)
    shown = queries.groups(viewer, query)
    label, *_rest = queries.WINDOWS[shown.window]
    context = {
        "page": shown.page,
        "lines": [_line(row, str(label)) for row in shown.page.rows],
        "tabs": [
            Link(label, query.href(state=None if tab == "open" else tab), tab == shown.state, shown.counts[tab])
            for tab, label in TABS.items()
        ],
        "state": shown.state,
        "window": label,
        "now": timezone.now(),
    }
    return page(request, "monitoring/log/log.html", context, "rows")


def _unexported() -> list[object]:
    """The list's own columns, by which it may be sorted, but not those of the file."""
    return [type(column)(column.key, column.label, column.order, exported=False) for column in queries.LISTING.columns]


def _line(row: GroupRow, window: str) -> Line:
    total = sum(count or 0 for count in row.points)
    takeaway = _("%(count)s times in the %(window)s") % {"count": formats.number(total), "window": window}
    return Line(row, LEVELS[row.level], STATES[row.state], sparkline(row.points, takeaway=takeaway, bad=row.bad))


def _of_request(request: HttpRequest, request_id: str) -> HttpResponse:
    if not request_id or len(request_id) > 64 or "\0" in request_id:
        raise ListingError(_("That is not the id of a request."))
    entries = queries.of_request(viewer_of_request(request), request_id)
    context = {
        "request_id": request_id,
        "entries": [(entry, LEVELS[entry.level]) for entry in entries],
        "crumbs": [Link(_("System log"), reverse("log"))],
        "full": len(entries) == queries.MOST_OF_A_REQUEST,
    }
    return page(request, "monitoring/log/request.html", context)


@require_safe
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /monitoring/log/ID."""
    found = queries.group_page(viewer_of_request(request), pk, queries.ENTRIES.parse(request))
    context = {
        "row": found.row,
        "level": LEVELS[found.row.level],
        "state": STATES[found.row.state],
        "page": found.entries,
        "shown": found.shown,
        "chart": _days(found),
        "acts": _acts(found.row),
        "crumbs": [Link(_("System log"), reverse("log"))],
    }
    return page(request, "monitoring/log/group.html", context, "entries")


def _days(found: GroupPage) -> SafeString:
    tone: Tone = "critical" if found.row.bad else "warning"
    total = sum(count or 0 for _day, count in found.days)
    takeaway = _("%(count)s times in the last 30 days") % {"count": formats.number(total)}
    # A word below every sixth: more would run into each other on a telephone.
    items = [Bar(_short(day) if n % 6 == 0 else "", count, tone) for n, (day, count) in enumerate(found.days)]
    return bars(items, takeaway=takeaway, height=72)


def _short(day: dt.datetime) -> str:
    return f"{day:%d/%m}" if formats.portuguese() else f"{day:%m/%d}"


def _acts(row: GroupRow) -> list[str]:
    if row.state in ("open", "regressed"):
        return ["mute", "resolve"]
    return ["reopen"]


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """POST /monitoring/log/ID/resolve, mute or reopen."""
    if verb not in actions.ACTS:
        raise Http404
    getattr(actions, verb)(viewer_of_request(request), pk)
    messages.success(request, DONE[verb])
    return redirect("log-group", pk)
