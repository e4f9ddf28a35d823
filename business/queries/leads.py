"""Leads: the list, and one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from business.models import Lead
from business.queries.common import (
    ListPage,
    Place,
    Ref,
    Where,
    from_day,
    page_of,
    place_of,
    ref_of,
    to_day,
    version_of,
)
from business.queries.search import search_leads
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer


@dataclass(frozen=True)
class LeadRow:
    id: int
    agency: Place
    source_id: str
    name: str
    source: str
    created_at: dt.datetime
    outcome: str
    closed_at: dt.datetime | None
    client: Ref | None
    version: str


LISTING = Listing(
    "leads",
    columns=[
        Column("name", _("Lead")),
        Column("source", _("Source")),
        Column("outcome", _("Outcome")),
        Column("client", _("Client"), css="wide-only"),
        Column("created_at", _("Created"), order="created_at", numeric=True, descending=True),
        Column("closed_at", _("Closed"), numeric=True),
    ],
    filters=[
        Filter("outcome", _("Outcome"), options=Lead.Outcome.choices),
        Filter("source", _("Source")),
        Filter("created_from", _("Created, from"), apply=from_day("created_at"), input="date"),
        Filter("created_to", _("Created, until"), apply=to_day("created_at"), input="date"),
    ],
    search=search_leads,
    sort="-created_at",
    carry=("agency", "client"),
)
EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    *[Column(name, name) for name in ("source_id", "name", "source", "created_at", "outcome", "closed_at")],
    Column("client", "client", csv=lambda row: row.client and row.client.source_id),
    Column("client_id", "client_id", csv=lambda row: row.client and row.client.id),
]


def make(lead: Lead) -> LeadRow:
    return LeadRow(
        lead.pk,
        place_of(lead.agency),
        lead.source_id,
        lead.name,
        lead.source,
        lead.created_at,
        lead.outcome,
        lead.closed_at,
        ref_of(lead.client),
        version_of(lead),
    )


def base() -> QuerySet[Lead]:
    return Lead.objects.select_related("agency", "client")


def rows(shown: Where) -> QuerySet[Lead]:
    return base().filter(shown.q())


def page(query: ListingQuery, shown: Where, *, counted: bool = True) -> ListPage[LeadRow]:
    return page_of(query, rows(shown), shown, make, narrow_to=["client"], counted=counted)


def lead(viewer: Viewer, pk: int) -> LeadRow:
    """One lead; raises Http404 when it is not there for the viewer."""
    found = base().filter(viewer.require(Area.BUSINESS).q(), pk=pk).first()
    if found is None:
        raise Http404
    return make(found)
