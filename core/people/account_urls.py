"""Addresses of one's own account; they come before django-allauth's and replace some of them."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from core.people import account

_overview = RedirectView.as_view(pattern_name="own_account")
_sign_in = RedirectView.as_view(pattern_name="account_login")
_sign_in.login_required = False  # type: ignore[attr-defined]

urlpatterns = [
    path("account/", account.account, name="own_account"),
    path("account/tokens", account.tokens, name="own_tokens"),
    path("account/tokens/<int:token_id>/revoke", account.revoke_token, name="own_token_revoke"),
    path("account/sessions/<int:session_id>/end", account.end_session, name="own_session_end"),
    path("account/oidc/<slug:provider_id>/login/", account.oidc),
    # Addresses are given by admins, people are invited, and providers are not connected by hand.
    path("account/email/", _overview),
    path("account/confirm-email/", _overview),
    path("account/3rdparty/", _overview),
    path("account/signup/", _sign_in),
    path("account/3rdparty/signup/", _sign_in),
]
