"""django-allauth's forms as our pages show them: labels say what a field is, no placeholder repeats them."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django.utils.translation import gettext_lazy as _


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


class CodeForm(_Plain, mfa.AuthenticateForm):  # type: ignore[misc]
    pass


class ConfirmCodeForm(_Plain, mfa.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateAppForm(_Plain, totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
