"""What the pages of the business share: the tabs, lists with export, forms that call an action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from business.actions import access
from business.errors import LostUpdate
from business.forms import BusinessForm, refuse, shown
from business.queries.common import (
    ListPage,
    Place,
    Where,
    exported,
    find_reference,
    narrow_references,
    where,
    writable,
)
from business.queries.common import (
    narrowed as narrow,
)
from core import formats
from core.agencies.models import Agency
from core.api.auth import viewer_of_request
from core.pages import page, scopes
from core.pages.listing import CSV_ROWS, Column, Listing
from core.pages.parts import Link, Scopes
from core.people.access import Area


def in_zone(request: HttpRequest, zone: dt.tzinfo | None) -> AbstractContextManager[None]:
    """Days and clocks of the block are the agency's; the viewer's where several zones show."""
    return timezone.override(zone or timezone.get_current_timezone())


def tabs(request: HttpRequest, current: str, agency: str | None) -> list[Link]:
    labels = {
        "business": _("Overview"),
        "clients": _("Clients"),
        "projects": _("Projects"),
        "contracts": _("Contracts"),
        "payments": _("Payments"),
        "leads": _("Leads"),
        "satisfaction": _("Satisfaction"),
    }
    query = f"?agency={agency}" if agency else ""
    links = [Link(label, reverse(name) + query, name == current) for name, label in labels.items()]
    if viewer_of_request(request).may(Area.BUSINESS_WRITE):
        with suppress(NoReverseMatch):
            links.append(Link(_("Import"), reverse("business-import") + query, current == "business-import"))
    return links


def frame(request: HttpRequest, found: Where, current: str) -> dict[str, Any]:
    """Context of every page that shows agencies: the switcher, the tabs, and what the viewer may do."""
    writes = viewer_of_request(request).scope(Area.BUSINESS_WRITE)
    chosen = found.chosen
    slug = chosen.slug if chosen and len(found.agencies) > 1 else None
    return {
        "scopes": _switcher(request, found),
        "tabs": tabs(request, current, slug),
        "where": found,
        "may_write": writes.covers(chosen.id) if chosen else bool(writes),
        "agency_query": f"?agency={slug}" if slug else "",
        "several": chosen is None and len(found.agencies) > 1,
    }


def _switcher(request: HttpRequest, found: Where) -> Scopes | None:
    # The switcher reads slug, name and id only, which a place has.
    agencies = [Agency(pk=place.id, slug=place.slug, name=place.name) for place in found.agencies]
    current = next((a for a in agencies if found.chosen and a.pk == found.chosen.id), None)
    return scopes.switch(request, agencies, current, whole=len(agencies) > 1)


def show_list[M: Model, T](
    request: HttpRequest,
    *,
    name: str,
    listing: Callable[[Where], Listing],
    rows: Callable[[Where], QuerySet[M]],
    make: Callable[[M], T],
    export: Sequence[Column],
    resource_type: str,
    build: Callable[[Any, Where], dict[str, Any]],
    narrow_to: Sequence[str] = (),
) -> HttpResponseBase:
    """A list as a page, as its table alone for htmx, or as CSV. `build` runs the page's query."""
    found = where(viewer_of_request(request), request.GET.get("agency"))
    with in_zone(request, found.zone):
        query = listing(found).parse(request)
        if query.wants_csv:
            narrowed, _chips = narrow_references(query, rows(found), found, narrow_to)
            # Narrowed now: when the rows are read, this zone is no longer the active one.
            narrowed = narrow(query, narrowed, found)
            number = narrowed.order_by().values("pk")[:CSV_ROWS].count()
            access.listed(resource_type, number, found.chosen.id if found.chosen else None, "csv")
            plain = replace(exported(query, export), q="", filters={})
            return plain.csv(narrowed, make=make, name=name)
        context = frame(request, found, name) | build(query, found)
        return page(request, f"business/{name}.html", context, "rows")


def counted(found: ListPage[Any]) -> dict[str, Any]:
    return {"page": found.page, "listed": found, "count": found.count}


def place_for_new(request: HttpRequest, name: str) -> Place | HttpResponse:
    """The agency for a new row: that of the address, else the only one; else a page that asks."""
    places = writable(viewer_of_request(request))
    slug = request.GET.get("agency")
    if slug:
        chosen = next((place for place in places if place.slug == slug), None)
        if chosen is None:
            # Seen but not to be written in, or not there at all.
            viewer = viewer_of_request(request)
            viewer.require(Area.BUSINESS_WRITE, _seen(request, slug))
            raise Http404
        return chosen
    if len(places) == 1:
        return places[0]
    kept = request.GET.copy()
    links = []
    for place in places:
        kept["agency"] = place.slug
        links.append(Link(place.name, f"{request.path}?{kept.urlencode()}"))
    context = {"links": links, "tabs": tabs(request, name, None)}
    return page(request, "business/choose_agency.html", context)


def _seen(request: HttpRequest, slug: str) -> int:
    chosen = where(viewer_of_request(request), slug).chosen
    assert chosen is not None
    return chosen.id


def prefilled(request: HttpRequest, place: Place, names: Sequence[str]) -> dict[str, Any]:
    """What a new row starts with: the client, project or contract that the address names."""
    found = {}
    for name in names:
        value = request.GET.get(name, "")
        if value and len(value) <= 100 and "\0" not in value:
            found[name] = find_reference(name, Where.of(place).q(), value)
    return found


def edit(
    request: HttpRequest,
    form_class: Callable[..., BusinessForm],
    place: Place,
    act: Callable[[BusinessForm], Any],
    *,
    title: str,
    submit: str,
    back: str,
    done: str,
    current: str,
    to: Callable[[Any], str] | None = None,
    initial: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    note: str = "",
    danger: bool = False,
) -> HttpResponse:
    """Shows a form, and on POST lets `act` write; `to` says where one goes then (default: back)."""
    viewer_of_request(request).require(Area.BUSINESS_WRITE, place.id)
    lost: LostUpdate | None = None
    with in_zone(request, place.zone):
        form = form_class(
            request.POST if request.method == "POST" else None, place=place, initial=initial or {}, **(options or {})
        )
        if request.method == "POST" and form.is_valid():
            try:
                result = act(form)
            except ValidationError as error:
                refuse(form, error)
            except LostUpdate as error:
                lost = error
                # Saving again is then a decision, made in sight of both values.
                data = QueryDict(mutable=True)
                data.update(request.POST)
                data["version"] = error.version
                form.data = data
            else:
                messages.success(request, done)
                return redirect(to(result) if to else back)
        context = {
            "form": form,
            "title": title,
            "submit": submit,
            "back": back,
            "note": note,
            "danger": danger,
            "clashes": [(c.label, _shown(c.stored), _shown(c.given)) for c in lost.clashes] if lost else [],
            "lost": lost is not None,
            "place": place,
            "tabs": tabs(request, current, None),
            "wide": len(form.fields) > 6,
        }
        status = 409 if lost else 422 if form.errors else 200
        return page(request, "business/form.html", context, status=status)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, Decimal):
        return formats.number(value, 2)
    if isinstance(value, dt.datetime):
        return formats.moment(value)
    if isinstance(value, dt.date):
        return formats.day(value)
    return shown(value) if isinstance(value, Model) else str(value)  # type: ignore[arg-type]


def perform(request: HttpRequest, act: Callable[[], Any], done: str, back: str) -> HttpResponse:
    """A button: runs the action and goes back, saying what came of it."""
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, done)
    return redirect(back)


def fields(row: Any) -> dict[str, Any]:
    """A row's values as a form starts with them."""
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def home(row: Any) -> str:
    """The overview of the row's agency."""
    return f"{reverse('business')}?agency={row.agency.slug}"
