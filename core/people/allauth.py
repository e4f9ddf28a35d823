"""How django-allauth behaves here: nobody signs up, people are invited."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from core.audit import record
from core.audit.signals import pseudonym
from core.http.proxies import client_ip
from core.pages import errors
from core.people import actions, crypto, throttle
from core.people.models import User

SECOND_FACTOR = "second factor"
# What a Unix socket's caller has for an address: limits and sessions need one.
NO_ADDRESS = "0.0.0.0"  # noqa: S104


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or NO_ADDRESS

    def format_email_subject(self, subject: str) -> str:
        return f"FVStudios: {subject}"

    def get_from_email(self) -> str:
        return str(settings.DEFAULT_FROM_EMAIL)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuses with 429, by address and by account, before the password is looked at."""
        key = self._get_login_attempts_cache_key(request, **credentials)
        self._login_failed_rl_usage = ratelimit.consume(request, app="allauth.account", action="login_failed", key=key)
        if not self._login_failed_rl_usage:
            tried = str(credentials.get("email", ""))
            record(
                "login_failed",
                resource_type="user",
                outcome="denied",
                diff={"tried": pseudonym(tried), "reason": "too many attempts"},
            )
            seconds = throttle.wait(request, "login_failed", key)
            raise ImmediateHttpResponse(errors.too_many(request, seconds))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """By the outbox: an answer that takes longer when the person exists would tell that they do."""
        actions.ask_for_password_reset(user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("own_account")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text, SECOND_FACTOR)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text, SECOND_FACTOR)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # A passkey belongs to the public address, whatever name the request came by.
        return {"id": settings.PUBLIC_HOST, "name": "FVStudios"}


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on opens the account that an admin made for that verified address, never a new one.

    Every provider of FVDASH_OIDC is trusted to say whose address it is, at each sign-in anew; nothing that
    it tells is stored.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def authenticate_by_email(self, sociallogin: Any) -> None:
        # Done in pre_social_login: the library's own way would take away the person's password.
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.state.get("process") == "connect":
            raise ImmediateHttpResponse(redirect("own_account"))
        verified = {
            address.email.strip().lower()
            for address in sociallogin.email_addresses
            if address.email and str(address.verified).lower() == "true"
        }
        user = User.objects.filter(email__in=verified, is_active=True).first()
        if user is None:
            record(
                "login_failed",
                resource_type="user",
                outcome="denied",
                diff={"provider": sociallogin.account.provider, "tried": pseudonym(min(verified, default=""))},
            )
            messages.error(
                request, _("Nobody here has the verified address of that account. Ask an admin to invite you.")
            )
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.user = user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        messages.error(request, _("The sign-in provider did not confirm who you are. Try again."))
        raise ImmediateHttpResponse(redirect("account_login"))


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer of every limit of sign-in pages: 429 that says when to try again."""
    return errors.too_many(request, throttle.longest_wait(request))
