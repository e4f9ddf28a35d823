"""What the pages of the business write often: the state of a row."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.pages.parts import Text
from core.templatetags.ui import status

register = template.Library()

_STATES: dict[str, tuple[str, Text]] = {
    "active": ("ok", pgettext_lazy("client or project", "active")),
    "archived": ("off", pgettext_lazy("client or project", "archived")),
    "draft": ("pending", _("draft")),
    "paused": ("silenced", _("paused")),
    "completed": ("ok", _("completed")),
    "cancelled": ("off", _("cancelled")),
    "running": ("ok", _("running")),
    "ended": ("off", _("ended")),
    "future": ("pending", _("not begun")),
    "paid": ("ok", _("paid")),
    "due": ("pending", pgettext_lazy("payment", "due")),
    "overdue": ("critical", _("overdue")),
    "unpaid": ("unknown", _("not paid")),
    "refunded": ("off", _("refunded")),
    "refunded_part": ("warning", _("refunded in part")),
    "open": ("pending", _("open")),
    "won": ("ok", _("won")),
    "lost": ("off", _("lost")),
}


@register.simple_tag
def state(value: str) -> SafeString:
    """{% state row.status %}: the state of a client, project, contract, payment or lead as glyph and word."""
    known = _STATES.get(value)
    if known is None:
        return conditional_escape(value)
    kind, word = known
    return status(kind, str(word))
