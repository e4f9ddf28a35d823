"""Tags of the sign-in pages."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """JSON for an attribute; the template escapes it."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def mail_configured() -> bool:
    """Whether mails leave this installation."""
    return bool(settings.EMAIL_CONFIGURED)


# In this order: Edge and Opera also say Chrome, and Chrome also says Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
_MORE_SYSTEMS = (("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


@register.filter
def browser(agent: str) -> str:
    """Firefox, Linux; the first words of what is none of those."""
    name = next((label for mark, label in _BROWSERS if mark in agent), "")
    system = next((label for mark, label in (*_SYSTEMS, *_MORE_SYSTEMS) if mark in agent), "")
    return ", ".join(filter(None, (name, system))) or agent[:40] or "?"
