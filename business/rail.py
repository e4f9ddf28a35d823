"""The business in the rail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.pages.rail import Group, RailItem, register
from core.people.access import Area


def fill() -> None:
    """Registers the pages; from `ready()`."""
    register(RailItem(Group.BUSINESS, "business", "business", _("Clients and projects"), Area.BUSINESS, 20, "b"))
