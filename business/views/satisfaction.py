from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from business.actions import access
from business.actions import satisfaction as actions
from business.forms import AnswerForm, BusinessForm
from business.queries import satisfaction as queries
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.parts import Link
from core.people.access import Area


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    return common.show_list(
        request,
        name="satisfaction",
        listing=lambda _shown: queries.LISTING,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="satisfaction_data",
        build=lambda query, shown: common.counted(queries.page(query, shown)),
        narrow_to=["client", "project"],
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.answer(viewer, pk)
    access.opened("satisfaction_data", pk, row.agency.id)
    with common.in_zone(request, row.agency.zone):
        context = {
            "row": row,
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(row.agency.id),
            "tabs": common.tabs(request, "satisfaction", None),
            "crumbs": [Link(_("Satisfaction"), reverse("satisfaction")), Link(row.agency.name, common.home(row))],
        }
        return page(request, "business/answer.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "satisfaction")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)

    def create(form: BusinessForm) -> object:
        return actions.create(viewer, place.slug, {"answered_at": timezone.now(), **form.given()})

    return common.edit(
        request,
        AnswerForm,
        place,
        create,
        title=_("New answer"),
        submit=_("Create"),
        back=reverse("satisfaction"),
        done=_("The answer was created."),
        current="satisfaction",
        initial=common.prefilled(request, place, ["client", "project"]),
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.answer(viewer, pk)
    return common.edit(
        request,
        AnswerForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit answer #%(id)s") % {"id": pk},
        submit=_("Save"),
        back=reverse("satisfaction-answer", args=[pk]),
        done=_("The answer was saved."),
        current="satisfaction",
        initial=common.fields(row),
    )
