"""Changes of second factors and sign-ins, which django-allauth tells by signals."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.db import transaction

from core.audit import record
from core.events import emit
from core.people.middleware import note_activity


def _factor_changed(what: str, user: Any, authenticator: Any) -> None:
    with transaction.atomic():
        record(
            "permission_change",
            resource_type="user",
            resource_id=user.pk,
            diff={"second_factor": {what: str(authenticator.type)}},
            actor_id=user.pk,
        )
        emit("user.second_factor_changed", data={"id": user.pk, "type": str(authenticator.type), "change": what})


def _added(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    _factor_changed("added", user, authenticator)


def _removed(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    _factor_changed("removed", user, authenticator)


def _reset(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    _factor_changed("reset", user, authenticator)


def _failed(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    record(
        "login_failed",
        resource_type="user",
        resource_id=user.pk,
        outcome="failure",
        diff={"second_factor": str(authenticator.type)},
    )


def _signed_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    note_activity(user.pk)


def _password_reset(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    # Whoever forgot the password has just failed to sign in, and would have to wait with the new one.
    get_adapter()._delete_login_attempts_cached_email(request, email=user.email)


def connect() -> None:
    account.password_reset.connect(_password_reset, dispatch_uid="core.people.password_reset")
    mfa.authenticator_added.connect(_added, dispatch_uid="core.people.factor_added")
    mfa.authenticator_removed.connect(_removed, dispatch_uid="core.people.factor_removed")
    mfa.authenticator_reset.connect(_reset, dispatch_uid="core.people.factor_reset")
    mfa.authentication_failed.connect(_failed, dispatch_uid="core.people.factor_failed")
    auth.user_logged_in.connect(_signed_in, dispatch_uid="core.people.activity")
