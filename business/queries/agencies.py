"""Agencies as the business's API shows them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext_lazy as _

from core.agencies.models import Agency
from core.pages.listing import Column, Listing, ListingPage, ListingQuery
from core.people.access import Area, Viewer


@dataclass(frozen=True)
class AgencyRow:
    id: int
    slug: str
    name: str
    timezone: str
    currency: str
    is_demo: bool
    created_at: dt.datetime
    archived_at: dt.datetime | None


LISTING = Listing(
    "agencies",
    columns=[Column("name", _("Agency"), order="name")],
    sort="name",
    search=["name", "slug"],
    carry=(),
)


def make(agency: Agency) -> AgencyRow:
    return AgencyRow(
        agency.pk,
        agency.slug,
        agency.name,
        agency.timezone,
        agency.currency,
        agency.is_demo,
        agency.created_at,
        agency.archived_at,
    )


def page(viewer: Viewer, query: ListingQuery) -> ListingPage[AgencyRow]:
    scope = viewer.require(Area.BUSINESS)
    return query.page(Agency.objects.filter(scope.q("pk")), make=make)


def agency(viewer: Viewer, slug: str) -> AgencyRow:
    """One agency by its slug, else by its id; raises Http404 when it is not the viewer's."""
    visible = Agency.objects.filter(viewer.require(Area.BUSINESS).q("pk"))
    found = visible.filter(slug=slug).first()
    if found is None and slug.isascii() and slug.isdigit() and len(slug) < 19:
        found = visible.filter(pk=int(slug)).first()
    if found is None:
        raise Http404
    return make(found)
