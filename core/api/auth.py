"""Who calls the API: a bearer token, or the session of a signed-in person (with CSRF). Whoever it is, a body
is JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja.security import APIKeyCookie, HttpBearer

from core.api.bodies import require_json
from core.api.problems import Problem, problem
from core.audit.context import Actor, current, set_actor
from core.people.access import Viewer
from core.people.viewers import viewer_of_token

SIGN_IN = "Send Authorization: Bearer <token>, or sign in."


class TokenAuth(HttpBearer):
    def __call__(self, request: HttpRequest) -> Any:
        header = request.headers.get("Authorization", "")
        if header and not header.lower().startswith("bearer "):
            raise Problem(401, "Use the header Authorization: Bearer <token>.")
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        viewer = viewer_of_token(token)
        if viewer is None:
            raise Problem(401, "The token is unknown, expired or revoked.", headers={"WWW-Authenticate": "Bearer"})
        was = current()
        set_actor(Actor("token", viewer.user_id, ip=was.ip, user_agent=was.user_agent, request_id=was.request_id))
        request.viewer = viewer  # type: ignore[attr-defined]
        require_json(request)
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
        require_json(request)
        return request.viewer  # type: ignore[attr-defined, no-any-return]


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a view under /api/ that is no operation: any token, or any signed-in person; 401 as a problem."""
    token = TokenAuth()

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if not (token(request) or request.user.is_authenticated):
                raise Problem(401, SIGN_IN, headers={"WWW-Authenticate": "Bearer"})
        except Problem as error:
            return problem(request, error)
        return view(request, *args, **kwargs)

    return guarded


def viewer_of_request(request: HttpRequest) -> Viewer:
    """The viewer that authentication put on the request."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer
