"""Pages of people: list, one person, invitation; and `/`, which leads to the viewer's first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.agencies.models import Agency
from core.api.auth import viewer_of_request
from core.pages import page, rail, scopes
from core.people import actions, queries
from core.people.access import Area, Denied, Grant, Viewer
from core.people.errors import PeopleError
from core.people.forms import AcceptForm, InviteForm, PersonForm, RolesForm
from core.people.invitations import GOOD_FOR, invited, link_for
from core.people.models import User


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Leads to the first page that the viewer may see; who has no role is told so."""
    first = rail.first_page(viewer_of_request(request))
    return redirect(first) if first else page(request, "people/no_role.html", {})


def agency_of(request: HttpRequest, viewer: Viewer, area: Area) -> tuple[list[Agency], Agency | None]:
    """The agencies that the viewer sees in `area`, and the one that `?agency=` names. Raises Http404."""
    scope = viewer.require(area)
    agencies = list(Agency.objects.filter(scope.q("pk")).order_by("name")[:500])
    slug = request.GET.get("agency")
    if not slug:
        return agencies, None
    for agency in agencies:
        if agency.slug == slug:
            return agencies, agency
    raise Http404


@require_GET
def people(request: HttpRequest) -> HttpResponseBase:
    viewer = viewer_of_request(request)
    agencies, agency = agency_of(request, viewer, Area.PEOPLE)
    query = queries.LISTING.parse(request)
    if query.wants_csv:
        return query.csv(queries.visible_people(viewer, agency), make=queries.person_row)
    context = {
        "page": queries.people(viewer, query, agency),
        "scopes": scopes.switch(request, agencies, agency, whole=True),
    }
    return page(request, "people/list.html", context, "rows")


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    form = InviteForm(
        request.POST or None,
        places=queries.grantable(viewer),
        initial={"language": settings.LANGUAGE_CODE, "email": request.GET.get("email", "")},
    )
    valid = request.method == "POST" and form.is_valid()
    if valid and (user := _try(form, lambda: actions.invite(viewer, **form.cleaned_data))):
        messages.success(request, _("%(email)s is invited.") % {"email": user.email})
        return redirect("person", user.pk)
    return page(request, "people/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    return page(request, "people/person.html", _person_context(viewer, user_id))


def _person_context(viewer: Viewer, user_id: int, **forms: Form) -> dict[str, Any]:
    found = queries.person(viewer, user_id)
    row = found.row
    # Without a mail server the link is the only way to the person, so the admin hands it over.
    link = (
        link_for(User.objects.get(pk=row.id))
        if row.managed and row.status == "invited" and not settings.EMAIL_CONFIGURED
        else ""
    )
    context: dict[str, Any] = {
        "person": found,
        "row": row,
        "link": link,
        "days": GOOD_FOR.days,
        "email_configured": settings.EMAIL_CONFIGURED,
        "myself": row.id == viewer.user_id,
        "details": PersonForm(initial={"name": row.name, "requires_second_factor": found.requires_second_factor}),
        "roles": RolesForm(places=found.places, initial={"grants": queries.grants_of(row)}),
    }
    return context | forms


@require_POST
def change_person(request: HttpRequest, user_id: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    form = PersonForm(request.POST)
    if form.is_valid():
        actions.rename(viewer, user_id, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("person", user_id)
    return page(request, "people/person.html", _person_context(viewer, user_id, details=form), status=422)


@require_POST
def change_roles(request: HttpRequest, user_id: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    form = RolesForm(request.POST, places=queries.person(viewer, user_id).places)
    if form.is_valid() and _try(form, lambda: _change_roles(viewer, user_id, form.cleaned_data["grants"])):
        messages.success(request, _("The roles are changed."))
        return redirect("person", user_id)
    return page(request, "people/person.html", _person_context(viewer, user_id, roles=form), status=422)


def _change_roles(viewer: Viewer, user_id: int, grants: set[Grant]) -> bool:
    actions.change_roles(viewer, user_id, grants)
    return True


@require_POST
def step(request: HttpRequest, user_id: int, what: str) -> HttpResponse:
    """Deactivates, reactivates, signs out everywhere, or sends the invitation again."""
    viewer = viewer_of_request(request)
    steps: dict[str, tuple[Callable[[Viewer, int], object], str]] = {
        "deactivate": (actions.deactivate, _("The person has no access any more.")),
        "reactivate": (actions.reactivate, _("The person has access again.")),
        "sign-out": (actions.end_sessions, _("Every session of this person is ended.")),
        "invite-again": (actions.resend_invitation, _("The invitation is sent again.")),
    }
    if what not in steps:
        raise Http404
    act, said = steps[what]
    try:
        act(viewer, user_id)
    except PeopleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("person", user_id)


@never_cache
@require_POST
def reset_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Makes a link for a new password and shows it in the answer, this once."""
    viewer = viewer_of_request(request)
    try:
        link = actions.make_reset_link(viewer, user_id)
    except PeopleError as error:
        messages.error(request, str(error))
        return redirect("person", user_id)
    context = _person_context(viewer, user_id) | {
        "reset_link": link,
        "reset_hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    return page(request, "people/person.html", context, status=201)


@require_POST
def revoke_token(request: HttpRequest, user_id: int, token_id: int) -> HttpResponse:
    actions.revoke_token(viewer_of_request(request), token_id)
    messages.success(request, _("The token is revoked."))
    return redirect("person", user_id)


@never_cache
@login_not_required
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The invited person chooses a name and a password, and is signed in."""
    user = invited(token)
    if user is None:
        return page(request, "people/invitation_over.html", {}, status=410)
    form = AcceptForm(request.POST or None, user=user, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        actions.accept_invitation(user, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("home")
    context = {"form": form, "invited": user, "action": reverse("invitation", args=[token])}
    return page(request, "people/invitation.html", context, status=422 if form.errors else 200)


def _try[T](form: Form, act: Callable[[], T]) -> T | None:
    """What `act` returns; None when it refused, with the reason on the form."""
    try:
        return act()
    except ValidationError as error:
        for name, problems in error.message_dict.items() if hasattr(error, "error_dict") else []:
            form.add_error(name if name in form.fields else None, problems)
    except PeopleError as error:
        form.add_error(None, str(error))
    except Denied:
        form.add_error("grants" if "grants" in form.fields else None, _("You may not give this role."))
    return None
