"""What fails under /api/ before or beside an operation (CSRF, method, host, a crash) is a problem too."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.api.problems import Problem, problem

_DETAILS = {
    400: "The request could not be read.",
    403: "The CSRF token is missing or old: send it in X-CSRFToken, or use a bearer token.",
    404: "There is nothing at this path. See /api/docs.",
    413: "The body is too large.",
    500: "Something failed on our side. Quote the request_id.",
    503: "The database does not answer right now. Try again.",
}
_KEPT = ("Allow", "Retry-After", "WWW-Authenticate")


class ApiErrorsMiddleware:
    """Replaces the HTML or plain text of an error by problem+json of the same status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code < 400
            or not request.path.startswith("/api/")
            or "json" in response.get("Content-Type", "")
        ):
            return response
        status = response.status_code
        detail = _DETAILS.get(status, "")
        if status == 405:
            detail = f"{request.method} is not possible here; {response.get('Allow', 'nothing')} is."
        headers = {name: response[name] for name in _KEPT if name in response}
        return problem(request, Problem(status, detail or "The request was refused.", headers=headers))
