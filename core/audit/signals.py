"""Sign-in, sign-out and failed sign-in, which no table change tells."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.contrib.auth import signals

from core.audit import record


def pseudonym(value: str) -> str:
    """A keyed, shortened HMAC-SHA256: equal values look equal, and cannot be guessed without the key."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, value.strip().lower().encode(), hashlib.sha256).hexdigest()[:16]


def _signed_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    record("login", resource_type="user", resource_id=user.pk, actor_id=user.pk)


def _signed_out(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record("logout", resource_type="user", resource_id=user.pk, actor_id=user.pk)


def _failed(sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
    given = str(credentials.get("email") or credentials.get("username") or "")
    record("login_failed", resource_type="user", outcome="failure", diff={"tried": pseudonym(given)})


def connect() -> None:
    signals.user_logged_in.connect(_signed_in, dispatch_uid="core.audit.login")
    signals.user_logged_out.connect(_signed_out, dispatch_uid="core.audit.logout")
    signals.user_login_failed.connect(_failed, dispatch_uid="core.audit.login_failed")
