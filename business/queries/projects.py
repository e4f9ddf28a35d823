"""Projects: the list, and one with its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import DateField, DecimalField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from business.models import Payment, Project, ProjectStatusChange, Satisfaction
from business.queries import payments, satisfaction
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
from business.queries.search import search_named
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer
from core.people.models import User

NEWEST = 10
HISTORY = 200
OPEN = ("draft", "active", "paused")
# What sorts a missing value or deadline to the end; the indexes have the same expressions.
NO_VALUE = Value(-1, output_field=DecimalField())
NO_DEADLINE = Value(dt.date(9000, 1, 1), output_field=DateField())


@dataclass(frozen=True)
class ProjectRow:
    id: int
    agency: Place
    source_id: str
    client: Ref | None
    name: str
    status: str
    value: Decimal | None
    created_at: dt.datetime
    deadline: dt.date | None
    completed_at: dt.datetime | None
    cancelled_at: dt.datetime | None
    version: str

    @property
    def late(self) -> bool:
        """Whether the deadline has passed and the project is still open."""
        return self.status in OPEN and self.deadline is not None and self.deadline < self.agency.today


@dataclass(frozen=True)
class StatusStep:
    at: dt.datetime
    from_status: str
    to_status: str
    by: str
    note: str


@dataclass(frozen=True)
class ProjectDetail:
    """`received` is what was paid less refunds, None when the project has no payment at all."""

    row: ProjectRow
    history: Sequence[StatusStep]
    payments: Sequence[payments.PaymentRow]
    answers: Sequence[satisfaction.AnswerRow]
    received: Decimal | None
    payment_count: int
    answer_count: int


def _late(rows: QuerySet[Project], value: str) -> QuerySet[Project]:
    open_ = Q(status__in=OPEN, deadline__lt=timezone.localdate())
    return rows.filter(open_) if value == "yes" else rows.exclude(open_)


LISTING = Listing(
    "projects",
    columns=[
        Column("name", _("Project")),
        Column("client", _("Client")),
        Column("status", _("Status")),
        Column("value", _("Value"), order="sorted_value", numeric=True, descending=True),
        Column("deadline", _("Deadline"), order="sorted_deadline", numeric=True),
        Column("created_at", _("Created"), order="created_at", numeric=True, descending=True),
    ],
    filters=[
        Filter("status", _("Status"), options=Project.Status.choices),
        Filter("late", _("Deadline"), options=[("yes", _("passed")), ("no", _("not passed"))], apply=_late),
        Filter("created_from", _("Created, from"), apply=from_day("created_at"), input="date"),
        Filter("created_to", _("Created, until"), apply=to_day("created_at"), input="date"),
    ],
    search=search_named,
    sort="-created_at",
    carry=("agency", "client"),
)
EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    Column("source_id", "source_id"),
    Column("client", "client", csv=lambda row: row.client and row.client.source_id),
    Column("client_id", "client_id", csv=lambda row: row.client and row.client.id),
    Column("client_name", "client_name", csv=lambda row: row.client and row.client.name),
    *[
        Column(name, name)
        for name in ("name", "status", "value", "created_at", "deadline", "completed_at", "cancelled_at")
    ],
]


def make(project: Project) -> ProjectRow:
    return ProjectRow(
        project.pk,
        place_of(project.agency),
        project.source_id,
        ref_of(project.client),
        project.name,
        project.status,
        project.value,
        project.created_at,
        project.deadline,
        project.completed_at,
        project.cancelled_at,
        version_of(project),
    )


def base() -> QuerySet[Project]:
    return Project.objects.select_related("agency", "client")


def rows(shown: Where) -> QuerySet[Project]:
    return (
        base()
        .filter(shown.q())
        .annotate(sorted_value=Coalesce(F("value"), NO_VALUE), sorted_deadline=Coalesce(F("deadline"), NO_DEADLINE))
    )


def page(query: ListingQuery, shown: Where, *, counted: bool = True) -> ListPage[ProjectRow]:
    return page_of(query, rows(shown), shown, make, narrow_to=["client"], counted=counted)


def project(viewer: Viewer, pk: int) -> ProjectRow:
    """One project; raises Http404 when it is not there for the viewer."""
    found = base().filter(viewer.require(Area.BUSINESS).q(), pk=pk).first()
    if found is None:
        raise Http404
    return make(found)


def detail(viewer: Viewer, pk: int) -> ProjectDetail:
    """One project with its history, payments and answers; raises Http404."""
    row = project(viewer, pk)
    steps = list(ProjectStatusChange.objects.filter(project=pk)[:HISTORY])
    people = dict(
        User.objects.filter(pk__in={step.changed_by_id for step in steps if step.changed_by_id}).values_list(
            "pk", "name"
        )
    )
    sums = Payment.objects.filter(project=pk).aggregate(
        paid=Sum("amount", filter=Q(paid_at__isnull=False)),
        refunded=Sum("refunded_amount"),
        any=Sum(Value(1)),
    )
    paid = (sums["paid"] or Decimal(0)) - (sums["refunded"] or Decimal(0))
    newest = payments.newest(project=pk)[:NEWEST]
    answers = list(satisfaction.base().filter(project=pk).order_by("-answered_at", "-pk")[: NEWEST + 1])
    return ProjectDetail(
        row,
        [
            StatusStep(
                step.changed_at,
                step.from_status,
                step.to_status,
                people.get(step.changed_by_id or 0, ""),
                step.note,
            )
            for step in reversed(steps)
        ],
        [payments.make(found) for found in newest],
        [satisfaction.make(found) for found in answers[:NEWEST]],
        paid if sums["any"] else None,
        sums["any"] or 0,
        len(answers) if len(answers) <= NEWEST else Satisfaction.objects.filter(project=pk).count(),
    )
