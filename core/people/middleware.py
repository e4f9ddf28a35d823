"""Puts the viewer on the request, and the actor into the audit context."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from core.api.problems import Problem, problem
from core.audit.context import Actor, set_actor
from core.http.proxies import client_ip
from core.people.access import Viewer
from core.people.viewers import digest, viewer_of

GetResponse = Callable[[HttpRequest], HttpResponse]
NOBODY = Viewer(user_id=None, name="", email="", grants=(), kind="anonymous")


class ViewerMiddleware:
    """`request.viewer`: read when first used, one query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        request.viewer = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: viewer_of(user) if user.is_authenticated else NOBODY
        )
        set_actor(
            Actor(
                kind="user" if user.is_authenticated else "anonymous",
                id=user.pk if user.is_authenticated else None,
                ip=client_ip(request),
                user_agent=request.headers.get("User-Agent", "")[:300],
                request_id=request.request_id,  # type: ignore[attr-defined]
            )
        )
        return self.get_response(request)


class SecondFactorMiddleware:
    """Whoever must have a second factor and has none is led to set one up, and to nothing else."""

    # Not the page of tokens: one would open the API without the factor.
    ALLOWED = (
        "/account/2fa/",
        "/account/reauthenticate/",
        "/account/logout/",
        "/account/login/",
        "/account/password/",
        "/preferences",
        settings.STATIC_URL,
        "/api/health",
        "/status",
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            user.is_authenticated
            and user.requires_second_factor
            and not request.path.startswith(self.ALLOWED)
            and not self._has_one(request)
        ):
            if request.path.startswith("/api/"):
                return problem(request, Problem(403, "Set up your second factor first: sign in on the pages."))
            return redirect("mfa_index")
        return self.get_response(request)

    def _has_one(self, request: HttpRequest) -> bool:
        from allauth.mfa.utils import is_mfa_enabled

        return bool(is_mfa_enabled(request.user))


class ActivityMiddleware:
    """Notes that a person opened a page: at most one write a minute and person. Polls, tokens, assets and
    failed answers do not count."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = request.user
        if (
            user.is_authenticated
            and request.method == "GET"
            and response.status_code == 200
            and response.get("Content-Type", "").startswith("text/html")
            and not request.path.startswith(("/api/", settings.STATIC_URL))
            and "X-Poll" not in request.headers
        ):
            note_activity(user.pk)
            note_session(request)
        return response


def note_session(request: HttpRequest) -> None:
    """Keeps when and from where a session was last used, at most once a minute: the list of one's sessions
    shows it, and a write with every page would cost more than the page."""
    key = request.session.session_key
    if key and cache.add(f"session:{digest(key)}", 1, 60):
        from allauth.usersessions.models import UserSession

        UserSession.objects.filter(session_key=key, user_id=request.user.pk).update(
            last_seen_at=timezone.now(),
            ip=client_ip(request) or "0.0.0.0",  # noqa: S104
        )


def note_activity(user_id: int, now: dt.datetime | None = None) -> None:
    """Counts the person as active now."""
    now = now or timezone.now()
    # Without Redis every page view writes, which is only slower.
    if not cache.add(f"activity:{user_id}", 1, 60):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_useractivity (user_id, hour, first_at, last_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (user_id, hour)"
            " DO UPDATE SET last_at = greatest(core_useractivity.last_at, excluded.last_at)",
            [user_id, now.replace(minute=0, second=0, microsecond=0), now, now],
        )
