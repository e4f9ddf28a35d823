"""The checks by the names that people outside know them by."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COMPONENTS: dict[str, Promise | str] = {
    "api": _("Website and API"),
    "database": _("Database"),
    "redis": _("Queue and cache"),
    "whatsapp": "WhatsApp",
    "meta": _("Meta's business account"),
    "google": _("Sign-in with Google"),
}
"""In the order of the page."""


def named(names: list[str]) -> list[str]:
    """Labels of these components, in the page's order; unknown names are left out."""
    return [str(label) for name, label in COMPONENTS.items() if name in names]
