from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from business.actions import contracts as actions
from business.forms import AmountForm, ContractForm, EndForm
from business.queries import contracts as queries
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.parts import Link
from core.people.access import Area


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    return common.show_list(
        request,
        name="contracts",
        listing=lambda _shown: queries.LISTING,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="contract_data",
        build=lambda query, shown: common.counted(queries.page(query, shown)),
        narrow_to=["client"],
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = queries.detail(viewer, pk)
    with common.in_zone(request, found.row.agency.zone):
        context = {
            "found": found,
            "row": found.row,
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(found.row.agency.id),
            "tabs": common.tabs(request, "contracts", None),
            "crumbs": [Link(_("Contracts"), reverse("contracts")), Link(found.row.agency.name, common.home(found.row))],
        }
        return page(request, "business/contract.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "contracts")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)
    return common.edit(
        request,
        ContractForm,
        place,
        lambda form: actions.create(viewer, place.slug, form.given()),
        title=_("New contract"),
        submit=_("Create"),
        back=reverse("contracts"),
        done=_("The contract was created."),
        current="contracts",
        to=lambda row: reverse("contract", args=[row.pk]),
        initial={"start": place.today, **common.prefilled(request, place, ["client"])},
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.contract(viewer, pk)
    initial = common.fields(row)
    if row.name == f"#{row.id}":
        initial["name"] = ""
    return common.edit(
        request,
        ContractForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit %(name)s") % {"name": row.name},
        submit=_("Save"),
        back=reverse("contract", args=[pk]),
        done=_("The contract was saved."),
        current="contracts",
        initial=initial,
    )


@require_http_methods(["GET", "POST"])
def change_amount(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.contract(viewer, pk)
    return common.edit(
        request,
        AmountForm,
        row.agency,
        lambda form: actions.change_amount(
            viewer, pk, form.cleaned_data["effective_from"], form.cleaned_data["amount"]
        ),
        title=_("Change the amount of %(name)s") % {"name": row.name},
        submit=_("Change amount"),
        back=reverse("contract", args=[pk]),
        done=_("The amount was changed."),
        current="contracts",
        initial={"effective_from": row.agency.today, "amount": row.current},
    )


@require_http_methods(["GET", "POST"])
def edit_change(request: HttpRequest, pk: int, change_id: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.change(viewer, change_id)
    if row.contract.id != pk:
        raise Http404
    return common.edit(
        request,
        AmountForm,
        row.agency,
        lambda form: actions.edit_change(viewer, change_id, form.values(), form.cleaned_data["version"]),
        title=_("Correct a change of %(name)s") % {"name": row.contract.name},
        submit=_("Save"),
        back=reverse("contract", args=[pk]),
        done=_("The change was corrected."),
        current="contracts",
        initial=common.fields(row),
    )


@require_POST
def remove_change(request: HttpRequest, pk: int, change_id: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    back = reverse("contract", args=[pk])
    return common.perform(
        request, lambda: actions.remove_change(viewer, pk, change_id), _("The change was removed."), back
    )


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.contract(viewer, pk)
    return common.edit(
        request,
        EndForm,
        row.agency,
        lambda form: actions.end(viewer, pk, form.cleaned_data["end"], form.cleaned_data["version"]),
        title=_("End %(name)s") % {"name": row.name},
        submit=_("Save"),
        back=reverse("contract", args=[pk]),
        done=_("The last day was saved."),
        current="contracts",
        initial={"end": row.end or row.agency.today, "version": row.version},
    )
