"""Error pages: one sentence that says what happened, one next step, and the request's id."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core.pages.preferences import Preferences


@dataclass(frozen=True)
class BareFrame:
    """The frame of a page that must be shown although database and session may be gone."""

    prefs: Preferences
    layout: str = "plain.html"
    zone: str = ""
    sign_in: str = ""


def _page(request: HttpRequest, status: int, message: str = "", **more: object) -> HttpResponse:
    context = {"status": status, "message": message, "request_id": getattr(request, "request_id", ""), **more}
    return HttpResponse(render_to_string(f"errors/{status}.html", context, request), status=status)


def _bare(request: HttpRequest, status: int) -> HttpResponse:
    prefs = getattr(request, "preferences", Preferences())
    context = {
        "status": status,
        "frame": BareFrame(prefs),
        "bare": True,
        "request_id": getattr(request, "request_id", ""),
    }
    return HttpResponse(render_to_string(f"errors/{status}.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400; the words of our own errors are shown, those of the framework are not."""
    own = str(exception) if getattr(exception, "for_people", False) else ""
    if not hasattr(request, "user"):
        return _bare(request, 400)
    return _page(request, 400, own)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404) if hasattr(request, "user") else _bare(request, 404)


def too_many(request: HttpRequest, seconds: int | None = None) -> HttpResponse:
    """429 with Retry-After when the wait is known."""
    response = _page(request, 429, seconds=seconds)
    if seconds is not None:
        response.headers["Retry-After"] = str(max(1, seconds))
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: touches neither database nor session, which may be what failed. 503 when that is sure."""
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return unavailable(request)
    return _bare(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 while the database or a start is away."""
    response = _bare(request, 503)
    response.headers["Retry-After"] = "10"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose token is old: the page was open through a sign-in, or cookies are blocked."""
    context = {"status": 403, "expired": True, "request_id": getattr(request, "request_id", "")}
    return HttpResponse(render_to_string("errors/403.html", context, request), status=403)
