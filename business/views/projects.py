from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from business.actions import projects as actions
from business.forms import ProjectForm, StatusForm
from business.models import Project
from business.queries import projects as queries
from business.views import common
from core.api.auth import viewer_of_request
from core.pages import page
from core.pages.parts import Link, Moment
from core.people.access import Area


@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    return common.show_list(
        request,
        name="projects",
        listing=lambda _shown: queries.LISTING,
        rows=queries.rows,
        make=queries.make,
        export=queries.EXPORT,
        resource_type="project_data",
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
            "history": [_moment(step) for step in found.history],
            "may_write": viewer.scope(Area.BUSINESS_WRITE).covers(found.row.agency.id),
            "tabs": common.tabs(request, "projects", None),
            "crumbs": [Link(_("Projects"), reverse("projects")), Link(found.row.agency.name, common.home(found.row))],
        }
        return page(request, "business/project.html", context)


def _moment(step: queries.StatusStep) -> Moment:
    to = str(Project.Status(step.to_status).label) if step.to_status in Project.Status.values else step.to_status
    if step.from_status:
        text = _("From “%(from)s” to “%(to)s”") % {
            "from": Project.Status(step.from_status).label,
            "to": to,
        }
    else:
        text = _("Created as “%(to)s”") % {"to": to}
    more = " · ".join(part for part in (step.by, step.note) if part)
    return Moment(step.at, f"{text} · {more}" if more else text, "folder")


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    place = common.place_for_new(request, "projects")
    if isinstance(place, HttpResponse):
        return place
    viewer = viewer_of_request(request)
    return common.edit(
        request,
        ProjectForm,
        place,
        lambda form: actions.create(viewer, place.slug, form.given()),
        title=_("New project"),
        submit=_("Create"),
        back=reverse("projects"),
        done=_("The project was created."),
        current="projects",
        to=lambda row: reverse("project", args=[row.pk]),
        initial={"status": Project.Status.ACTIVE, **common.prefilled(request, place, ["client"])},
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.project(viewer, pk)
    return common.edit(
        request,
        ProjectForm,
        row.agency,
        lambda form: actions.edit(viewer, pk, form.values(), form.cleaned_data["version"]),
        title=_("Edit %(name)s") % {"name": row.name},
        submit=_("Save"),
        back=reverse("project", args=[pk]),
        done=_("The project was saved."),
        current="projects",
        initial=common.fields(row),
    )


@require_http_methods(["GET", "POST"])
def status(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    row = queries.project(viewer, pk)
    choices = [(value, Project.Status(value).label) for value in actions.TRANSITIONS[Project.Status(row.status)]]
    return common.edit(
        request,
        StatusForm,
        row.agency,
        lambda form: actions.change_status(
            viewer,
            pk,
            form.cleaned_data["status"],
            at=form.cleaned_data["at"],
            note=form.cleaned_data["note"],
            version=form.cleaned_data["version"],
        ),
        title=_("Status of %(name)s") % {"name": row.name},
        submit=_("Change status"),
        back=reverse("project", args=[pk]),
        done=_("The status was changed."),
        current="projects",
        initial={"version": row.version},
        options={"choices": choices},
        note=_("Now: %(status)s.") % {"status": Project.Status(row.status).label},
    )
