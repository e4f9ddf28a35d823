"""The agency switcher: the same page for everything, or for one agency, in the URL."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.translation import ngettext

from core.agencies.models import Agency
from core.formats import number
from core.pages.parts import Link, Scopes


def switch(request: HttpRequest, agencies: Sequence[Agency], current: Agency | None, *, whole: bool) -> Scopes | None:
    """Links to the present page with `?agency=slug`, and without it when `whole` may be seen.

    None when there is nothing to choose. Cursor and other places in a list are dropped: they belong to one
    scope.
    """
    everything = ngettext("The only agency", "All %(n)s agencies", len(agencies)) % {"n": number(len(agencies))}
    if len(agencies) + whole < 2:
        return None
    options = [Link(everything, _href(request, None), current is None)] if whole else []
    options += [Link(a.name, _href(request, a.slug), current is not None and a.pk == current.pk) for a in agencies]
    return Scopes(current.name if current else everything, options)


def _href(request: HttpRequest, slug: str | None) -> str:
    params = request.GET.copy()
    for key in ("agency", "scope", "cursor", "currency"):
        params.pop(key, None)
    if slug:
        params["agency"] = slug
    return f"{request.path}?{params.urlencode()}" if params else request.path
