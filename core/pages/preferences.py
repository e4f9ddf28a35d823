"""Theme, density and language: kept with the person who is signed in, in cookies otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.pages.parts import Text
from core.people.models import User

THEMES: Final[dict[str, Text]] = {"": _("System"), "light": _("Light"), "dark": _("Dark")}
DENSITIES: Final[dict[str, Text]] = {"": _("Comfortable"), "compact": _("Compact")}
# A language is written in itself, whatever the page's.
LANGUAGES: Final[dict[str, Text]] = {"pt-br": "Português", "en": "English"}
_ALLOWED: Final[dict[str, dict[str, Text]]] = {"theme": THEMES, "density": DENSITIES, "language": LANGUAGES}
_COOKIES: Final = {
    "theme": "fvdash_theme",
    "density": "fvdash_density",
    "language": settings.LANGUAGE_COOKIE_NAME,
}
_YEAR: Final = 365 * 24 * 3600


@dataclass(frozen=True)
class Choice:
    name: str
    label: Text
    options: list[tuple[str, Text]]
    value: str


@dataclass(frozen=True)
class Preferences:
    theme: str = ""
    density: str = ""
    language: str = "pt-br"

    @property
    def html_lang(self) -> str:
        return "pt-BR" if self.language == "pt-br" else self.language

    @property
    def choices(self) -> list[Choice]:
        return [
            Choice("theme", _("Theme"), list(THEMES.items()), self.theme),
            Choice("density", _("Density"), list(DENSITIES.items()), self.density),
            Choice("language", _("Language"), list(LANGUAGES.items()), self.language),
        ]


def preferences_of(request: HttpRequest) -> Preferences:
    """The person's own, then the browser's cookies, then the defaults. Unknown values are as if absent."""
    user = request.user
    found: dict[str, str] = {}
    for name, allowed in _ALLOWED.items():
        own = getattr(user, name, "") if user.is_authenticated else ""
        value = own or request.COOKIES.get(_COOKIES[name], "")
        if value in allowed and value:
            found[name] = value
    return Preferences(**found)


def chosen(data: Mapping[str, str]) -> dict[str, str]:
    """The preferences among posted values; what is not on offer is left out."""
    return {name: data[name] for name, allowed in _ALLOWED.items() if data.get(name) in allowed}


def save(user_id: int, values: Mapping[str, str]) -> None:
    """Keeps preferences with a person. Not audited: they change nothing that anybody else sees."""
    if values:
        User.objects.filter(pk=user_id).update(**values)


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """POST /preferences: keeps the choices and leads back to the page they were made on."""
    values = chosen({name: request.POST[name] for name in _ALLOWED if name in request.POST})
    if request.user.is_authenticated:
        save(request.user.pk, values)
    back = request.POST.get("next", "/")
    # A path such as //host or /\host would leave the site.
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for name, value in values.items():
        response.set_cookie(
            _COOKIES[name],
            value,
            max_age=_YEAR,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
