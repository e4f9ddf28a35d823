"""Satisfaction answers: the list, and one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from business.models import Satisfaction
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
from business.queries.search import search_by_client
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer

SCORES = [(str(score), str(score)) for score in range(1, 6)]


@dataclass(frozen=True)
class AnswerRow:
    id: int
    agency: Place
    source_id: str
    client: Ref | None
    project: Ref | None
    score: int
    comment: str
    answered_at: dt.datetime
    version: str


LISTING = Listing(
    "satisfaction",
    columns=[
        Column("answered_at", _("Answered"), order="answered_at", descending=True),
        Column("score", _("Score")),
        Column("client", _("Client")),
        Column("project", _("Project"), css="wide-only"),
        Column("comment", _("Comment")),
    ],
    filters=[
        Filter("score", _("Score"), options=SCORES),
        Filter("answered_from", _("Answered, from"), apply=from_day("answered_at"), input="date"),
        Filter("answered_to", _("Answered, until"), apply=to_day("answered_at"), input="date"),
    ],
    search=search_by_client,
    sort="-answered_at",
    carry=("agency", "client", "project"),
)
EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    Column("source_id", "source_id"),
    Column("client", "client", csv=lambda row: row.client and row.client.source_id),
    Column("project", "project", csv=lambda row: row.project and row.project.source_id),
    Column("client_id", "client_id", csv=lambda row: row.client and row.client.id),
    *[Column(name, name) for name in ("score", "comment", "answered_at")],
]


def make(answer: Satisfaction) -> AnswerRow:
    return AnswerRow(
        answer.pk,
        place_of(answer.agency),
        answer.source_id,
        ref_of(answer.client),
        ref_of(answer.project),
        answer.score,
        answer.comment,
        answer.answered_at,
        version_of(answer),
    )


def base() -> QuerySet[Satisfaction]:
    return Satisfaction.objects.select_related("agency", "client", "project")


def rows(shown: Where) -> QuerySet[Satisfaction]:
    return base().filter(shown.q())


def page(query: ListingQuery, shown: Where, *, counted: bool = True) -> ListPage[AnswerRow]:
    return page_of(query, rows(shown), shown, make, narrow_to=["client", "project"], counted=counted)


def answer(viewer: Viewer, pk: int) -> AnswerRow:
    """One answer; raises Http404 when it is not there for the viewer."""
    found = base().filter(viewer.require(Area.BUSINESS).q(), pk=pk).first()
    if found is None:
        raise Http404
    return make(found)
