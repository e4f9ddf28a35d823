"""What pages are made of: the page-or-partial helper, the rail, listings, preferences, error pages."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

_TONES = {"error": "critical", "warning": "warning", "success": "ok"}


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    partial: str | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its partial `partial` when htmx asks for the element of that id.

    A partial's name is its DOM id. A boosted request or one that restores history gets the whole page.
    Messages that wait go with a partial as toasts, since it has no place for them.
    """
    only = partial is not None and wanted(request) == partial
    response = HttpResponse(
        render_to_string(f"{template}#{partial}" if only else template, context, request), status=status
    )
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    # A shared cache never keeps it, a browser asks again; going back may still show what was seen.
    response.headers["Cache-Control"] = "private, no-cache"
    if only:
        add_toasts(request, response)
    return response


def wanted(request: HttpRequest) -> str | None:
    """The id of the element that htmx will replace; None when the whole page is asked for."""
    headers = request.headers
    if (
        headers.get("HX-Request") != "true"
        or headers.get("HX-Boosted") == "true"
        or headers.get("HX-History-Restore-Request") == "true"
        or headers.get("HX-Request-Type") == "full"
    ):
        return None
    # htmx 4 writes tag#id, htmx 2 the id alone.
    return headers.get("HX-Target", "").rpartition("#")[2] or None


def add_toasts(request: HttpRequest, response: HttpResponse) -> None:
    """Moves the waiting messages into an HX-Trigger header; the last one that fits is shown first."""
    waiting = [{"tone": _TONES.get(message.level_tag, ""), "text": str(message)} for message in get_messages(request)]
    if waiting:
        # json.dumps escapes to ASCII, as a header must be.
        response.headers["HX-Trigger"] = json.dumps({"toast": {"all": waiting[-3:]}})


__all__ = ["add_toasts", "page", "wanted"]
