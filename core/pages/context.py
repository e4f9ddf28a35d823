"""What every template may read as `frame`. Nothing is computed before a template asks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.pages import rail
from core.pages.parts import Text
from core.pages.preferences import Preferences, preferences_of
from core.people.access import ROLE_LABELS, Role, Viewer

_RANK = (Role.ADMIN, Role.DPO, Role.OPERATOR, Role.VIEWER)


class Frame:
    """The base page's own data: rail, viewer, preferences, ways in and out."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def viewer(self) -> Viewer | None:
        return getattr(self._request, "viewer", None)

    @property
    def signed_in(self) -> bool:
        user = getattr(self._request, "user", None)
        return bool(user and user.is_authenticated)

    @property
    def layout(self) -> str:
        return "base.html" if self.signed_in else "plain.html"

    @cached_property
    def prefs(self) -> Preferences:
        found = getattr(self._request, "preferences", None)
        return found if found is not None else preferences_of(self._request)

    @cached_property
    def rail(self) -> list[tuple[Text, list[rail.Entry]]]:
        if not self.signed_in or self.viewer is None:
            return []
        return rail.entries(self.viewer, self._request.path)

    @property
    def role(self) -> str:
        """The highest role in words, and where it is held."""
        held = self.viewer.grants if self.viewer else ()
        best = min(held, key=lambda grant: _RANK.index(grant.role), default=None)
        if best is None:
            return _("no role yet")
        if best.agency_id is None:
            return _("%(role)s of the group") % {"role": ROLE_LABELS[best.role]}
        return str(ROLE_LABELS[best.role])

    @property
    def zone(self) -> str:
        return self.viewer.zone if self.signed_in and self.viewer else settings.TIME_ZONE

    @property
    def sign_in(self) -> str:
        return resolve_url(settings.LOGIN_URL)

    @property
    def sign_out(self) -> str:
        return reverse("account_logout")

    @property
    def account(self) -> str:
        """The person's own page; empty in an installation without one."""
        try:
            return reverse("own_account")
        except NoReverseMatch:
            return ""


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"frame": Frame(request)}
