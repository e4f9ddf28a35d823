"""/monitoring/status: the switch, incidents and maintenance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.api.auth import viewer_of_request
from core.pages import page
from core.people.access import Area
from monitoring.models import StatusIncident
from monitoring.status import actions, queries
from monitoring.status.forms import IncidentForm, MaintenanceForm, UpdateForm
from monitoring.status.public import copy


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """GET /monitoring/status."""
    found = queries.desk(viewer_of_request(request), timezone.now())
    return page(request, "monitoring/status/desk.html", {"desk": found})


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    public = request.POST.get("public") == "1"
    actions.switch(viewer_of_request(request), public=public)
    copy.forget()
    messages.success(request, _("The status page is public.") if public else _("The status page is hidden."))
    return redirect("status-desk")


@require_http_methods(["GET", "POST"])
def new_incident(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    viewer.require(Area.MONITORING)
    form = IncidentForm(request.POST or None)

    def act(values: dict[str, Any]) -> HttpResponse:
        incident = actions.open_incident(viewer, **values)
        messages.success(request, _("The incident is posted."))
        return redirect("status-incident", incident.pk)

    return _saved(request, form, act) or _form(request, form, _("New incident"), _("Post it"))


@require_http_methods(["GET", "POST"])
def incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """An incident with its updates, and the form for the next one."""
    viewer = viewer_of_request(request)
    found = queries.incident(viewer, incident_id)
    form = UpdateForm(request.POST or None, initial={"stage": found.stage})

    def act(values: dict[str, Any]) -> HttpResponse:
        actions.update_incident(viewer, incident_id, **values)
        messages.success(request, _("The update is posted."))
        return redirect("status-incident", incident_id)

    saved = _saved(request, form, act)
    if saved is not None:
        return saved
    context = {"incident": found, "form": form, "resolved": StatusIncident.Stage.RESOLVED}
    return page(request, "monitoring/status/incident.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def new_maintenance(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    viewer.require(Area.MONITORING)
    form = MaintenanceForm(request.POST or None, initial=MaintenanceForm.suggested())

    def act(values: dict[str, Any]) -> HttpResponse:
        actions.declare_maintenance(viewer, **values)
        messages.success(request, _("The maintenance is declared."))
        return redirect("status-desk")

    return _saved(request, form, act) or _form(request, form, _("Declare maintenance"), _("Declare"))


@require_POST
def end_maintenance(request: HttpRequest, maintenance_id: int) -> HttpResponse:
    found = actions.end_maintenance(viewer_of_request(request), maintenance_id)
    copy.forget()
    called_off = found.ended_at is not None and found.ended_at <= found.starts_at
    messages.success(request, _("The maintenance is called off.") if called_off else _("The maintenance is over."))
    return redirect("status-desk")


def _saved(
    request: HttpRequest, form: forms.Form, act: Callable[[dict[str, Any]], HttpResponse]
) -> HttpResponse | None:
    """What `act` answers; None when there is a form to show, with the errors in it."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        response = act(form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return None
    copy.forget()
    return response


def _form(request: HttpRequest, form: forms.Form, title: str, submit: str) -> HttpResponse:
    context = {"form": form, "title": title, "submit": submit, "back": reverse("status-desk")}
    return page(request, "monitoring/status/form.html", context, status=422 if form.errors else 200)
