"""Who calls the API: a bearer token, or the session of a signed-in person (with CSRF)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from core.api.problems import Problem
from core.audit.context import Actor, current, set_actor
from core.people.access import Viewer
from core.people.viewers import viewer_of_token


class TokenAuth(HttpBearer):
    def __call__(self, request: HttpRequest) -> Any:
        header = request.headers.get("Authorization", "")
        if header and not header.lower().startswith("bearer "):
            raise Problem(401, "Use the header Authorization: Bearer <token>.")
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        viewer = viewer_of_token(token)
        if viewer is None:
            raise Problem(
                401, "The token is unknown, expired or revoked.", headers={"WWW-Authenticate": "Bearer"}
            )
        was = current()
        set_actor(
            Actor("token", viewer.user_id, ip=was.ip, user_agent=was.user_agent, request_id=was.request_id)
        )
        request.viewer = viewer  # type: ignore[attr-defined]
        return viewer


class SessionAuth(APIKeyCookie):
    """The session's person; a request that writes must carry the CSRF token (header X-CSRFToken)."""

    def __init__(self) -> None:
        from django.conf import settings

        self.param_name = settings.SESSION_COOKIE_NAME
        super().__init__(csrf=True)

    def authenticate(self, request: HttpRequest, key: str | None) -> Viewer | None:
        if not request.user.is_authenticated:
            return None
        return request.viewer  # type: ignore[attr-defined, no-any-return]


def viewer_of_request(request: HttpRequest) -> Viewer:
    """The viewer that authentication put on the request."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer
