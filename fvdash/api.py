"""The API: one document, one set of errors, a router per app (`<app>/api.py`, named `router`).

A router's own paths carry its prefix, since some belong elsewhere by the contract.
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.utils.log import log_response
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as SchemaError

from core.api.auth import SessionAuth, TokenAuth, signed_in
from core.api.bodies import not_json
from core.api.problems import Problem, problem
from core.api.routes import router as core_router
from core.people.access import Denied

logger = logging.getLogger(__name__)

api = NinjaAPI(
    title="FVStudios Dashboard",
    version="1.0",
    description="Operations dashboard of a group of agencies. Errors are RFC 9457 problem+json.",
    auth=[TokenAuth(), SessionAuth()],
    openapi_url="/openapi.json",
    docs_decorator=signed_in,
    docs_url=None,
    urls_namespace="api",
)
api.add_router("", core_router)
for _app in ("executive", "business", "monitoring", "alerts", "backup", "compliance", "cache", "whatsapp"):
    if find_spec(f"{_app}.api") and hasattr(_module := import_module(f"{_app}.api"), "router"):
        api.add_router("", _module.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return problem(request, error)


@api.exception_handler(SchemaError)
def _invalid(request: HttpRequest, error: SchemaError) -> HttpResponse:
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"][1:] if part != "payload"),
            # The library's own words before ours.
            "message": item["msg"].removeprefix("Value error, "),
        }
        for item in error.errors
    ]
    return problem(request, Problem(422, "Some values are not accepted: see errors.", errors=errors))


@api.exception_handler(ValidationError)
def _rejected(request: HttpRequest, error: ValidationError) -> HttpResponse:
    by_field: dict[str, Any] = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    errors = [
        {"field": "" if name == "__all__" else name, "message": str(message)}
        for name, messages in by_field.items()
        for message in messages
    ]
    return problem(request, Problem(422, "Some values are not accepted: see errors.", errors=errors))


@api.exception_handler(AuthenticationError)
def _anonymous(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        request,
        Problem(
            401,
            "Send Authorization: Bearer <token>, or sign in.",
            headers={"WWW-Authenticate": "Bearer"},
        ),
    )


@api.exception_handler(Denied)
@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(request, Problem(403, "Your roles, or the token's scopes, do not include this."))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, Problem(404, "There is no such object."))


@api.exception_handler(RawPostDataException)
def _form(request: HttpRequest, error: Exception) -> HttpResponse:
    # The CSRF check looked for its token in a form, after which nobody can read the body.
    return problem(request, not_json(request.content_type or ""))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, Problem(error.status_code, str(error)))


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def _no_database(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("the database does not answer: %s", error)
    headers = {"Retry-After": "10"}
    return problem(request, Problem(503, "The database does not answer right now. Try again.", headers=headers))


@api.exception_handler(Exception)
def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    response = problem(request, Problem(500, "Something failed on our side. Quote the request_id."))
    # As Django itself logs an error of a page, and once: the response remembers that it was logged.
    log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request, exception=error)
    return response
