"""One's own account: overview, API tokens, ending a session. The rest of it is django-allauth's."""

from __future__ import annotations

import datetime as dt
import logging

import requests
from allauth.socialaccount.providers.openid_connect.views import login as oidc_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.api.auth import viewer_of_request
from core.pages import page
from core.people import actions, queries
from core.people.forms import TokenForm
from core.people.models import User

logger = logging.getLogger(__name__)


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    return page(request, "account/overview.html", {"account": queries.own_account(request.user)})


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The list; a POST makes one and shows its secret in the answer, this once."""
    viewer = viewer_of_request(request)
    assert isinstance(request.user, User)
    form, secret, status = TokenForm(request.POST or None, viewer=viewer), "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            days = form.cleaned_data["days"]
            try:
                _token, secret = actions.create_token(
                    viewer,
                    user=request.user,
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    expires_at=timezone.now() + dt.timedelta(days=days) if days else None,
                )
            except ValidationError as error:
                form.add_error(None, error.messages)
            else:
                form, status = TokenForm(viewer=viewer), 201
    context = {
        "form": form,
        "secret": secret,
        "tokens": queries.own_tokens(viewer),
        "now": timezone.now(),
        "example": f"{settings.PUBLIC_URL}/api/system/health",
    }
    return page(request, "account/tokens.html", context, status=status)


@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    actions.revoke_token(viewer_of_request(request), token_id)
    messages.success(request, _("The token is revoked."))
    return redirect("own_tokens")


@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    actions.end_session(viewer_of_request(request), session_id)
    messages.success(request, _("The session is ended."))
    return redirect("usersessions_list")


@login_not_required
def oidc(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leads to the provider; back to sign-in when it does not answer. The way back tells its own failures."""
    try:
        answer: HttpResponse = oidc_login(request, provider_id)
    except (requests.RequestException, ValueError, KeyError):
        logger.warning("the sign-in provider does not answer as it should", exc_info=True)
        messages.error(request, _("The sign-in provider cannot be reached. Use the password, or try again."))
        return redirect("account_login")
    return answer
