"""Language, theme, density and clock of the person who asks; domain errors as pages."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from core.pages import errors
from core.pages.keyset import BadCursor
from core.pages.listing import ListingError
from core.pages.preferences import preferences_of
from core.people.access import Denied


class PreferencesMiddleware:
    """Sets `request.preferences`, and makes its language and the viewer's time zone the active ones."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        prefs = preferences_of(request)
        request.preferences = prefs  # type: ignore[attr-defined]
        zone = zoneinfo.ZoneInfo(request.viewer.zone) if request.user.is_authenticated else None  # type: ignore[attr-defined]
        with translation.override(prefs.language), timezone.override(zone):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", prefs.html_lang)
        return response


class DomainErrorsMiddleware:
    """Maps what queries, actions and listings raise to the error pages. The API maps its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Denied):
            return errors.forbidden(request, error)
        if isinstance(error, (BadCursor, ListingError)):
            return errors.bad_request(request, error)
        return None
