"""Gives every request an id, which travels into logs, audit events and error pages."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.audit.context import Actor, acting
from core.logs import request_of_log

logger = logging.getLogger("fvdash.request")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Parts of an address that let somebody in: links of invitations and of password resets.
_SECRET_PARTS = {"token", "key", "uidb36"}
_QUIET = ("/static/", "/api/health", "/metrics")


class RequestLogMiddleware:
    """Outermost: sets `request.request_id`, answers with `X-Request-ID`, logs one line a request.

    The path is logged without its query, which may hold personal data.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        # Ends with the request: a thread or connection that serves the next one keeps nothing of it.
        token = request_of_log.set(request)
        try:
            with acting(Actor(request_id=request_id)):
                return self._answer(request, request_id)
        finally:
            request_of_log.reset(token)

    def _answer(self, request: HttpRequest, request_id: str) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if not request.path.startswith(_QUIET):
            match = request.resolver_match
            path = request.path
            for name, value in match.kwargs.items() if match else ():
                if name in _SECRET_PARTS:
                    path = path.replace(str(value), "••••")
            logger.log(
                logging.WARNING if response.status_code >= 500 else logging.INFO,
                "%s %s %s",
                request.method,
                path,
                response.status_code,
                extra={
                    "request_id": request_id,
                    "method": request.method,
                    "route": match.route if match else None,
                    "status": response.status_code,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
        return response
