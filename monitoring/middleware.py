"""Counts every request, and answers the health endpoints before anything that needs a dependency."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from monitoring import health
from monitoring.recording import flusher, requests

GetResponse = Callable[[HttpRequest], HttpResponse]

ALIVE, SYSTEM, METRICS = "/api/health", "/api/system/health", "/metrics"


class RequestMetricsMiddleware:
    """Right after the request log, so that everything below is measured. Counts by route pattern, never by
    path: a path has as many values as there are rows."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._static = settings.STATIC_URL

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        response = self.get_response(request)
        elapsed = (perf_counter() - started) * 1000
        match = request.resolver_match
        route = self._unmatched(request) if match is None else f"/{match.route}"[:200]
        requests.add(route, request.method or "", response.status_code, elapsed)
        flusher.ensure()
        return response

    def _unmatched(self, request: HttpRequest) -> str:
        if request.path in (ALIVE, SYSTEM, METRICS):
            return request.path
        return "(static)" if request.path.startswith(self._static) else "(no route)"


class HealthMiddleware:
    """`/api/health` and `/api/system/health` need no session, no sign-in and no allowed host: whoever asks
    wants to know just when those fail."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            if request.path == ALIVE:
                return answer({"status": "ok"}, 200)
            if request.path == SYSTEM:
                return system_health(request)
        return self.get_response(request)


def answer(body: object, status: int) -> HttpResponse:
    response = HttpResponse(orjson.dumps(body), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response


def system_health(request: HttpRequest) -> HttpResponse:
    """200 for ok and degraded, 503 for down; details for callers who prove who they are."""
    report = health.current()
    known = _claims_to_be_somebody(request) and bool(health.reader.read(lambda: _is_signed_in(request)))
    return answer(report.as_json(detail=known), 200 if report.answers else 503)


def _claims_to_be_somebody(request: HttpRequest) -> bool:
    return "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES


def _is_signed_in(request: HttpRequest) -> bool:
    from importlib import import_module

    from django.contrib.auth import get_user

    from core.people.viewers import viewer_of_token

    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return viewer_of_token(token.strip()) is not None
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return get_user(request).is_authenticated
