"""Pages of the configuration: the environment, and the agencies."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.agencies.models import Agency
from core.api.auth import viewer_of_request
from core.configuration import queries
from core.pages import page
from core.pages.listing import Column, Filter, Listing
from core.people import actions
from core.people.access import Area, Denied, Viewer
from core.people.forms import AgencyForm

AGENCIES = Listing(
    "agencies",
    columns=[
        Column("name", gettext_lazy("Name"), order="name"),
        Column("slug", gettext_lazy("Short name"), order="slug"),
        Column("timezone", gettext_lazy("Time zone")),
        Column("currency", gettext_lazy("Currency")),
        Column("created_at", gettext_lazy("Created"), order="created_at", numeric=True),
    ],
    filters=[
        Filter(
            "status",
            gettext_lazy("Status"),
            options=[("active", gettext_lazy("active")), ("archived", gettext_lazy("archived"))],
            apply=lambda rows, value: rows.filter(archived_at__isnull=value == "active"),
        )
    ],
    search=["name", "slug"],
    sort="name",
)


@require_GET
def configuration(request: HttpRequest) -> HttpResponse:
    """Admins of the group see the environment; those of an agency are led to their agency."""
    viewer = viewer_of_request(request)
    try:
        groups = queries.environment(viewer)
    except Denied:
        if viewer.may(Area.CONFIGURATION):
            return redirect("agencies")
        raise
    return page(request, "configuration/environment.html", {"groups": groups})


@require_GET
def agencies(request: HttpRequest) -> HttpResponseBase:
    viewer = viewer_of_request(request)
    scope = viewer.require(Area.CONFIGURATION)
    query = AGENCIES.parse(request)
    rows = Agency.objects.filter(scope.q("pk"))
    if query.wants_csv:
        return query.csv(rows, make=lambda agency: agency)
    context = {"page": query.page(rows, make=lambda agency: agency), "may_create": scope.everything}
    return page(request, "configuration/agencies.html", context, "rows")


@require_http_methods(["GET", "POST"])
def agency(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """A new agency, or the one with this short name."""
    viewer = viewer_of_request(request)
    found = _agency(viewer, slug) if slug else None
    if found is None and not viewer.require(Area.CONFIGURATION).everything:
        raise Denied(Area.CONFIGURATION)
    form = AgencyForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        saved = actions.save_agency(viewer, form.save(commit=False))
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("agencies")
    context = {
        "form": form,
        "agency": found,
        "may_archive": viewer.scope(Area.CONFIGURATION).everything,
        "consequences": [
            _("It leaves the lists of agencies that roles and imports are given to."),
            _("Its clients, projects and payments stay, and still count in the figures."),
        ],
    }
    return page(request, "configuration/agency.html", context, status=422 if form.errors else 200)


@require_POST
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = _agency(viewer, slug)
    archived = found.archived_at is None
    if archived and request.POST.get("confirm", "").strip() != found.name:
        messages.error(request, _("The name did not match: nothing was archived."))
        return redirect("agency", slug)
    actions.archive_agency(viewer, found.pk, archived=archived)
    messages.success(request, _("The agency is archived.") if archived else _("The agency is back."))
    return redirect("agency", slug)


def _agency(viewer: Viewer, slug: str) -> Agency:
    scope = viewer.require(Area.CONFIGURATION)
    found = Agency.objects.filter(scope.q("pk"), slug=slug).first()
    if found is None:
        raise Http404
    return found
