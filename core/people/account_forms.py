"""django-allauth's forms as our pages show them: labels say what a field is, no placeholder repeats them."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from core.people.viewers import digest


class _Plain:
    """Takes the placeholders away, and names the address as the rest of the product does."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in ("email", "login"):
                field.label = _("E-mail")


class SignInForm(_Plain, account.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The page has its own way to a forgotten password.
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Keep me signed in on this browser")
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ResetPasswordForm(_Plain, account.ResetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(_Plain, account.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(_Plain, account.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(_Plain, account.SetPasswordForm):  # type: ignore[misc]
    pass


class ConfirmPasswordForm(_Plain, account.ReauthenticateForm):  # type: ignore[misc]
    pass


class _Once:
    """Takes a code of an app once (RFC 6238, 5.2). The library forgets after 30 seconds which codes were
    used; with the tolerance they are good for 90."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        found: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if found.type == Authenticator.Type.TOTP:
            seconds = settings.TOTP_PERIOD * (2 * settings.TOTP_TOLERANCE + 1)
            if not cache.add(f"totp:{found.pk}:{digest(normalize_user_code(code))}", 1, seconds):
                raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, _Plain, mfa.AuthenticateForm):  # type: ignore[misc]
    pass


class ConfirmCodeForm(_Once, _Plain, mfa.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateAppForm(_Plain, totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
