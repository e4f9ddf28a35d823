"""Template filters over core.formats: {{ payment.amount|money:"BRL" }}, {{ at|ago }}."""

from __future__ import annotations

from django import template

from core import formats

register = template.Library()

register.filter("money", formats.money_html)
register.filter("money_text", formats.money)
register.filter("number", formats.number)
register.filter("signed", formats.signed)
register.filter("percent", formats.percent)
register.filter("compact", formats.compact)
register.filter("size", formats.size)
register.filter("milliseconds", formats.milliseconds)
register.filter("duration", formats.duration)
register.filter("ago", formats.ago)
register.filter("clock", formats.clock)
register.filter("day", formats.day)
register.filter("moment", formats.moment)
register.filter("when", formats.when)
register.filter("month", formats.month)
register.filter("as_of", formats.as_of)
