from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from business.actions import access
from business.actions import leads as actions
from business.forms import LeadForm, LostForm, WonForm
from business.models import Lead
from business.queries import leads as queries
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.parts import Link
from core.people.access import Area


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    return common.show_list(
        request,
        name="leads",
        listing=lambda _shown: queries.LISTING,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="lead_data",
        build=lambda query, shown: common.counted(queries.page(query, shown)),
        narrow_to=["client"],
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.lead(viewer, pk)
    access.opened("lead_data", pk, row.agency.id)
    with common.in_zone(request, row.agency.zone):
        context = {
            "row": row,
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(row.agency.id),
            "tabs": common.tabs(request, "leads", None),
            "crumbs": [Link(_("Leads"), reverse("leads")), Link(row.agency.name, common.home(row))],
        }
        return page(request, "business/lead.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "leads")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)
    return common.edit(
        request,
        LeadForm,
        place,
        lambda form: actions.create(viewer, place.slug, form.given()),
        title=_("New lead"),
        submit=_("Create"),
        back=reverse("leads"),
        done=_("The lead was created."),
        current="leads",
        to=lambda row: reverse("lead", args=[row.pk]),
        initial={"outcome": Lead.Outcome.OPEN, **common.prefilled(request, place, ["client"])},
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.lead(viewer, pk)
    return common.edit(
        request,
        LeadForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit lead #%(id)s") % {"id": pk},
        submit=_("Save"),
        back=reverse("lead", args=[pk]),
        done=_("The lead was saved."),
        current="leads",
        initial=common.fields(row),
    )


@require_http_methods(["GET", "POST"])
def won(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.lead(viewer, pk)
    return common.edit(
        request,
        WonForm,
        row.agency,
        lambda form: actions.win(
            viewer,
            pk,
            client=form.cleaned_data["client"],
            new_client=form.cleaned_data["new_client"],
            at=form.cleaned_data["at"],
            version=form.cleaned_data["version"],
        ),
        title=_("The lead was won"),
        submit=_("Mark as won"),
        back=reverse("lead", args=[pk]),
        done=_("The lead is won."),
        current="leads",
        initial={"client": row.client, "new_client": row.client is None and bool(row.name), "version": row.version},
        note=row.name,
    )


@require_http_methods(["GET", "POST"])
def lost(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.lead(viewer, pk)
    return common.edit(
        request,
        LostForm,
        row.agency,
        lambda form: actions.lose(viewer, pk, at=form.cleaned_data["at"], version=form.cleaned_data["version"]),
        title=_("The lead was lost"),
        submit=_("Mark as lost"),
        back=reverse("lead", args=[pk]),
        done=_("The lead is lost."),
        current="leads",
        initial={"version": row.version},
        note=row.name,
    )


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    back = reverse("lead", args=[pk])
    return common.perform(request, lambda: actions.reopen(viewer, pk), _("The lead is open again."), back)
