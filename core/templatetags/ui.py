"""Components as tags. Each renders the template of its name in templates/components/, which documents it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core import formats
from core.pages import parts

register = template.Library()

_WAYS = {"up": "up", "down": "down", "flat": "flat"}


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """{% icon "bell" %}; with a label it speaks, else it is decoration."""
    if label:
        return _icon(name, css, label=format_html('role="img" aria-label="{}"', label))
    return _icon(name, css)


# A page has a hundred icons of a dozen kinds, and the address of the sheet does not change while a server runs.
# Typed: a text that is marked safe is equal to one that is not.
@lru_cache(512, typed=True)
def _icon(name: str, css: str, label: str = "") -> SafeString:
    href = f"{_sheet()}#{name}"
    return format_html(
        '<svg class="{}" width="16" height="16" {}><use href="{}"/></svg>',
        f"icon {css}".strip(),
        label or mark_safe('aria-hidden="true"'),
        href,
    )


@lru_cache(1)
def _sheet() -> str:
    return static("img/icons.svg")


@register.simple_tag
def status(kind: str, text: str, css: str = "") -> SafeString:
    """{% status "critical" _("Stopped") %}: glyph, word and colour. css="chip" puts it on a ground."""
    kind = parts.Status(kind).value
    # What format_html would make, at a third of its time: a list has one in each row.
    return mark_safe(  # noqa: S308  (every part is escaped or ours)
        f'<span class="status {kind} {conditional_escape(css)}">{_icon(kind, "")}{conditional_escape(text)}</span>'
    )


@register.simple_tag
def row_url(name: str, pk: int) -> str:
    """{% row_url "client" row.id %}: `{% url %}` of a page of one row, for lists that link to many of them."""
    before, after = _around(name, get_urlconf(), get_script_prefix())
    return f"{before}{pk:d}{after}"


@lru_cache(256)
def _around(name: str, urlconf: str | None, prefix: str) -> tuple[str, str]:
    sample = 987_654_321
    before, _sample, after = reverse(name, urlconf, args=[sample]).partition(str(sample))
    return before, after


@register.simple_tag
def figure(
    value: Any, kind: str = "number", unit: str = "", currency: str = "BRL", places: int | None = None
) -> SafeString:
    """{% figure value "money" currency="BRL" %}: the number with its small unit."""
    return formats.figure(value, kind, unit=unit, currency=currency, places=places)


@register.inclusion_tag("components/change.html")
def change(change: parts.Change | None) -> dict[str, Any]:
    return {"change": change}


@register.inclusion_tag("components/tile.html")
def tile(tile: parts.Tile) -> dict[str, Any]:
    return {"tile": tile}


@register.inclusion_tag("components/reading.html")
def reading(reading: parts.Reading) -> dict[str, Any]:
    from django.utils.translation import gettext as _

    return {
        "cells": [
            (_("What is wrong"), reading.wrong),
            (_("What changed"), reading.changed),
            (_("Why"), reading.why),
        ]
    }


@register.inclusion_tag("components/links.html")
def segmented(links: Sequence[parts.Link], label: str) -> dict[str, Any]:
    """{% segmented ranges _("Period") %}: a choice in the URL."""
    return {"links": links, "label": label, "css": "seg"}


@register.inclusion_tag("components/links.html")
def tabs(links: Sequence[parts.Link], label: str) -> dict[str, Any]:
    return {"links": links, "label": label, "css": "tabs"}


@register.inclusion_tag("components/crumbs.html")
def crumbs(links: Sequence[parts.Link]) -> dict[str, Any]:
    return {"links": links}


@register.inclusion_tag("components/scope.html")
def scope(scopes: parts.Scopes | None) -> dict[str, Any]:
    return {"scopes": scopes}


@register.inclusion_tag("components/timeline.html")
def timeline(moments: Sequence[parts.Moment]) -> dict[str, Any]:
    return {"moments": moments}


@register.inclusion_tag("components/empty.html")
def empty(kind: str, title: str, text: str = "", href: str = "", label: str = "") -> dict[str, Any]:
    """{% empty "nothing" _("No clients yet") _("Import or add the first.") href=url label=_("Import") %}"""
    icons = {"nothing": "plus", "filtered": "filter", "well": "ok"}
    return {"kind": kind, "icon": icons[kind], "title": title, "text": text, "href": href, "label": label}


@register.inclusion_tag("components/job.html")
def job(job: parts.JobView) -> dict[str, Any]:
    return {"job": job}


@register.inclusion_tag("components/secret.html")
def secret(label: str, value: str, note: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "note": note}


@register.inclusion_tag("components/meter.html")
def meter(share: float | None, label: str, css: str = "fill-accent") -> dict[str, Any]:
    """{% meter 0.28 _("28% of the term") %}: a short bar; `share` is 0 to 1, None is hatched."""
    width = None if share is None else max(2.0, min(1.0, float(share)) * 96) if share else 0.0
    return {"width": f"{width:.1f}" if width is not None else None, "label": label, "css": css}


@register.inclusion_tag("components/table_head.html")
def table_head(page: Any) -> dict[str, Any]:
    """{% table_head page %}: the <thead> of a listing, each sortable column a link."""
    return {"columns": page.heads}


@register.inclusion_tag("components/pager.html")
def pager(page: Any, target: str = "", label: str = "") -> dict[str, Any]:
    return {"page": page, "target": target, "label": label}


@register.inclusion_tag("components/filters.html")
def filters(page: Any, placeholder: str = "", target: str = "", label: str = "") -> dict[str, Any]:
    return {"page": page, "placeholder": placeholder, "target": target, "label": label}


@register.inclusion_tag("components/csv.html")
def csv_link(page: Any) -> dict[str, Any]:
    return {"href": page.csv_href}


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """{% query period="90d" cursor=None %}: the present address with some parameters changed or dropped."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}" if params else request.path
