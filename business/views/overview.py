from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.views.decorators.http import require_GET

from business.forms import shown, suggestions
from business.queries import overview as queries
from business.queries.common import REFERENCES, where
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.people.access import Area


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    found = where(viewer_of_request(request), request.GET.get("agency"))
    with common.in_zone(request, found.zone):
        context = common.frame(request, found, "business") | {"found": queries.overview(found)}
        return page(request, "business/overview.html", context)


@require_GET
def options(request: HttpRequest, kind: str) -> HttpResponse:
    """Suggestions for a field that names a row, as the options of a datalist."""
    viewer = viewer_of_request(request)
    found = where(viewer, request.GET.get("agency"))
    if kind not in REFERENCES or found.chosen is None:
        raise Http404
    viewer.require(Area.BUSINESS_WRITE, found.chosen.id)
    text = request.GET.get(request.GET.get("field", ""), "").replace("\0", "").strip()[:200]
    rows = suggestions(kind, found.q(), text) if text else []
    options_ = format_html_join("", '<option value="{}"></option>', ((shown(row),) for row in rows))
    return HttpResponse(options_)
