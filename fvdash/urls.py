"""All URLs. The API is one NinjaAPI with a router per app."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from core.api.problems import unknown
from fvdash.api import api

PAGES = ("core", "executive", "business", "monitoring", "alerts", "backup", "compliance", "cache", "whatsapp")

api_urls: Any = api.urls
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api_urls),
]
for _app in PAGES:
    if find_spec(f"{_app}.urls"):
        urlpatterns += import_module(f"{_app}.urls").urlpatterns

# The API answers for itself who may call it: 401 as a problem, never a redirect to the sign-in page.
for _pattern in api_urls[0]:
    _pattern.callback.login_required = False
urlpatterns += [
    # After core's own, which replace some of these pages.
    path("account/", include("allauth.urls")),
    path("api/<path:rest>", unknown),
]

handler400 = "core.pages.errors.bad_request"
handler403 = "core.pages.errors.forbidden"
handler404 = "core.pages.errors.not_found"
handler429 = "core.people.allauth.too_many"
handler500 = "core.pages.errors.server_error"
