from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from business.actions import access
from business.actions import clients as actions
from business.forms import ClientForm
from business.queries import clients as queries
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.parts import Link
from core.people.access import Area


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    def build(query: Any, shown: Any) -> dict[str, Any]:
        found, rows = queries.page(query, shown)
        return common.counted(found) | {"rows": rows}

    return common.show_list(
        request,
        name="clients",
        listing=lambda _shown: queries.LISTING,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="client_data",
        build=build,
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = queries.detail(viewer, pk)
    access.opened("client_data", pk, found.row.agency.id)
    with common.in_zone(request, found.row.agency.zone):
        context = {
            "found": found,
            "row": found.row,
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(found.row.agency.id),
            "tabs": common.tabs(request, "clients", None),
            "crumbs": [Link(_("Clients"), reverse("clients")), Link(found.row.agency.name, common.home(found.row))],
        }
        return page(request, "business/client.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "clients")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)
    return common.edit(
        request,
        ClientForm,
        place,
        lambda form: actions.create(viewer, place.slug, form.given()),
        title=_("New client"),
        submit=_("Create"),
        back=reverse("clients"),
        done=_("The client was created."),
        current="clients",
        to=lambda row: reverse("client", args=[row.pk]),
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.client(viewer, pk)
    return common.edit(
        request,
        ClientForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit %(name)s") % {"name": row.name},
        submit=_("Save"),
        back=reverse("client", args=[pk]),
        done=_("The client was saved."),
        current="clients",
        initial=common.fields(row),
    )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    back = reverse("client", args=[pk])
    return common.perform(request, lambda: actions.archive(viewer, pk), _("The client was archived."), back)


@require_POST
def unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    back = reverse("client", args=[pk])
    return common.perform(request, lambda: actions.unarchive(viewer, pk), _("The client is active again."), back)
