"""Errors of the API: RFC 9457 `application/problem+json`, mapped in one place."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

TITLES = {
    400: "Bad request",
    401: "Sign-in required",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Server error",
    503: "Not available",
}


class Problem(Exception):
    """Raised anywhere below an API operation; becomes the answer. `errors` are {field, message} objects."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type_: str = "about:blank",
        title: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.type, self.errors = status, detail, type_, errors or []
        self.title = title or TITLES.get(status, "Error")
        self.headers = headers or {}


def problem(request: HttpRequest, error: Problem) -> HttpResponse:
    body = {
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", None),
        "errors": error.errors,
    }
    response = HttpResponse(orjson.dumps(body), content_type="application/problem+json", status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


@csrf_exempt
@login_not_required
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Any path under /api/ that is no operation."""
    return problem(request, Problem(404, "There is nothing at this path. See /api/docs."))
