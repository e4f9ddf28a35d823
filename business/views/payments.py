from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from business.actions import payments as actions
from business.forms import PaidForm, PaymentForm, RefundForm
from business.queries import payments as queries
from business.queries.common import Where
from business.views import common
from core import formats
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.listing import Listing
from core.pages.parts import Link
from core.people.access import Area


def _listing(shown: Where) -> Listing:
    return queries.listing(shown.day_starts())


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    return common.show_list(
        request,
        name="payments",
        listing=_listing,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="payment_data",
        build=lambda query, shown: common.counted(queries.page(query, shown)),
        narrow_to=["client", "project", "contract"],
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.payment(viewer, pk)
    with common.in_zone(request, row.agency.zone):
        context = {
            "row": row,
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(row.agency.id),
            "tabs": common.tabs(request, "payments", None),
            "crumbs": [Link(_("Payments"), reverse("payments")), Link(row.agency.name, common.home(row))],
        }
        return page(request, "business/payment.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "payments")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)
    return common.edit(
        request,
        PaymentForm,
        place,
        lambda form: actions.create(viewer, place.slug, form.given()),
        title=_("New payment"),
        submit=_("Create"),
        back=reverse("payments"),
        done=_("The payment was created."),
        current="payments",
        to=lambda row: reverse("payment", args=[row.pk]),
        initial=common.prefilled(request, place, ["client", "project", "contract"]),
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.payment(viewer, pk)
    return common.edit(
        request,
        PaymentForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit payment #%(id)s") % {"id": pk},
        submit=_("Save"),
        back=reverse("payment", args=[pk]),
        done=_("The payment was saved."),
        current="payments",
        initial=common.fields(row),
    )


@require_http_methods(["GET", "POST"])
def paid(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.payment(viewer, pk)
    return common.edit(
        request,
        PaidForm,
        row.agency,
        lambda form: actions.mark_paid(
            viewer,
            pk,
            at=form.cleaned_data["at"],
            method=form.cleaned_data["method"],
            version=form.cleaned_data["version"],
        ),
        title=_("Payment #%(id)s was received") % {"id": pk},
        submit=_("Mark as paid"),
        back=reverse("payment", args=[pk]),
        done=_("The payment is marked as paid."),
        current="payments",
        initial={"method": row.method, "version": row.version},
        note=formats.money(row.amount, row.agency.currency),
    )


@require_http_methods(["GET", "POST"])
def refund(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.payment(viewer, pk)
    return common.edit(
        request,
        RefundForm,
        row.agency,
        lambda form: actions.refund(
            viewer,
            pk,
            amount=form.cleaned_data["amount"],
            at=form.cleaned_data["at"],
            version=form.cleaned_data["version"],
        ),
        title=_("Refund payment #%(id)s") % {"id": pk},
        submit=_("Refund"),
        back=reverse("payment", args=[pk]),
        done=_("The refund was recorded."),
        current="payments",
        initial={"version": row.version},
        note=_("Paid: %(amount)s. The refund counts against its own day.")
        % {"amount": formats.money(row.amount, row.agency.currency)},
        danger=True,
    )


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.payment(viewer, pk)
    viewer.require(Area.BUSINESS_WRITE, row.agency.id)
    name = f"#{pk}"
    if request.method == "POST" and request.POST.get("confirm", "").strip() == name:
        actions.delete(viewer, pk)
        messages.success(request, _("The payment was deleted."))
        return redirect("payments")
    wrong = request.method == "POST"
    with common.in_zone(request, row.agency.zone):
        context = {
            "row": row,
            "name": name,
            "error": wrong,
            "title": _("Delete payment %(name)s") % {"name": name},
            "consequences": [
                _("%(amount)s leaves every figure, those of past months included.")
                % {"amount": formats.money(row.amount, row.agency.currency)},
                _("It cannot be brought back here; the audit trail keeps what it was."),
                _("Money that was given back is a refund, not a deletion."),
            ],
            "tabs": common.tabs(request, "payments", None),
        }
        return page(request, "business/delete.html", context, status=422 if wrong else 200)
