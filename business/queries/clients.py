"""Clients: the list, and one with what is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count as SqlCount
from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from business.models import Client, Contract, Lead, Payment, Project, Satisfaction
from business.queries import contracts, leads, payments, projects, satisfaction
from business.queries.common import ListPage, Place, Where, from_day, page_of, place_of, to_day, version_of
from business.queries.search import Fold, search_clients
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer

NEWEST = 10


@dataclass(frozen=True)
class ClientRow:
    id: int
    agency: Place
    source_id: str
    name: str
    email: str
    phone: str
    document: str
    city: str
    state: str
    status: str
    created_at: dt.datetime
    archived_at: dt.datetime | None
    whatsapp_opt_in_at: dt.datetime | None
    whatsapp_opt_in_source: str
    version: str

    @property
    def active(self) -> bool:
        return self.status == Client.Status.ACTIVE


@dataclass(frozen=True)
class Standing:
    """What a client is worth, beside its name in the list. `received` is of the last 365 days, less refunds;
    None when nothing was ever received."""

    open_projects: int
    received: Decimal | None


@dataclass(frozen=True)
class ListedClient:
    row: ClientRow
    standing: Standing


@dataclass(frozen=True)
class Totals:
    """Of all rows of a client. Money is None when there is no row it could come from."""

    projects: int
    contracts: int
    payments: int
    leads: int
    answers: int
    received: Decimal | None
    open: Decimal | None
    overdue: Decimal | None


@dataclass(frozen=True)
class ClientDetail:
    """One client with the newest ten rows of each kind."""

    row: ClientRow
    totals: Totals
    projects: Sequence[projects.ProjectRow]
    contracts: Sequence[contracts.ContractRow]
    payments: Sequence[payments.PaymentRow]
    leads: Sequence[leads.LeadRow]
    answers: Sequence[satisfaction.AnswerRow]


LISTING = Listing(
    "clients",
    columns=[
        Column("name", _("Client"), order="folded_name"),
        Column("contact", _("Contact"), css="wide-only"),
        Column("city", _("City"), css="wide-only"),
        Column("open_projects", _("Open projects"), numeric=True, css="wide-only"),
        Column("received", _("Received, 12 months"), numeric=True),
        Column("created_at", _("Since"), order="created_at", numeric=True, descending=True),
        Column("status", _("Status")),
    ],
    filters=[
        Filter("status", _("Status"), options=Client.Status.choices),
        Filter("created_from", _("Since, from"), apply=from_day("created_at"), input="date"),
        Filter("created_to", _("Since, until"), apply=to_day("created_at"), input="date"),
    ],
    search=search_clients,
    sort="name",
)
EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    *[
        Column(name, name)
        for name in (
            "source_id",
            "name",
            "email",
            "phone",
            "document",
            "city",
            "state",
            "status",
            "created_at",
            "archived_at",
            "whatsapp_opt_in_at",
            "whatsapp_opt_in_source",
        )
    ],
]


def make(client: Client) -> ClientRow:
    return ClientRow(
        client.pk,
        place_of(client.agency),
        client.source_id,
        client.name,
        client.email,
        client.phone,
        client.document,
        client.city,
        client.state,
        client.status,
        client.created_at,
        client.archived_at,
        client.whatsapp_opt_in_at,
        client.whatsapp_opt_in_source,
        version_of(client),
    )


def rows(shown: Where) -> QuerySet[Client]:
    return Client.objects.filter(shown.q()).select_related("agency").annotate(folded_name=Fold(F("name")))


def listed(query: ListingQuery, shown: Where) -> ListPage[ClientRow]:
    """A page of clients as JSON has it."""
    return page_of(query, rows(shown), shown, make, counted=False)


def page(query: ListingQuery, shown: Where) -> tuple[ListPage[ClientRow], list[ListedClient]]:
    """A page of clients, counted, with the standing of each."""
    found = page_of(query, rows(shown), shown, make)
    standings = _standings([row.id for row in found.page.rows])
    return found, [ListedClient(row, standings[row.id]) for row in found.page.rows]


def _standings(ids: Sequence[int]) -> dict[int, Standing]:
    open_projects = dict(
        Project.objects.filter(client__in=ids)
        .exclude(status__in=["completed", "cancelled"])
        .values_list("client")
        .annotate(n=SqlCount("pk"))
    )
    since = timezone.now() - dt.timedelta(days=365)
    received: dict[int, Decimal | None] = {}
    for client, amount, refunded, ever in (
        Payment.objects.filter(client__in=ids, paid_at__isnull=False)
        .values_list("client")
        .annotate(
            amount=Sum("amount", filter=Q(paid_at__gte=since)),
            refunded=Sum("refunded_amount", filter=Q(refunded_at__gte=since)),
            ever=SqlCount("pk"),
        )
    ):
        received[client] = (amount or Decimal(0)) - (refunded or Decimal(0)) if ever else None
    return {pk: Standing(open_projects.get(pk, 0), received.get(pk)) for pk in ids}


def client(viewer: Viewer, pk: int) -> ClientRow:
    """One client; raises Http404 when it is not there for the viewer."""
    return make(_found(viewer, Client.objects.filter(pk=pk)))


def _found(viewer: Viewer, found: QuerySet[Any]) -> Any:
    scope = viewer.require(Area.BUSINESS)
    row = found.filter(scope.q()).select_related("agency").first()
    if row is None:
        raise Http404
    return row


def _counted(model: Any) -> Any:
    return Coalesce(
        Subquery(
            model.objects.filter(client=OuterRef("pk"))
            .order_by()
            .values("client")
            .annotate(n=SqlCount("pk"))
            .values("n"),
            output_field=IntegerField(),
        ),
        0,
    )


def _summed(column: str, **where: Any) -> Any:
    return Subquery(
        Payment.objects.filter(client=OuterRef("pk"), **where)
        .order_by()
        .values("client")
        .annotate(total=Sum(column))
        .values("total")
    )


def detail(viewer: Viewer, pk: int) -> ClientDetail:
    """One client with the newest rows of every kind; raises Http404."""
    # The agency's midnight: what is due today is not overdue yet.
    today = Func(
        F("agency__timezone"),
        template="date_trunc('day', now(), %(expressions)s)",
    )
    found = _found(
        viewer,
        Client.objects.filter(pk=pk).annotate(
            today=today,
            n_projects=_counted(Project),
            n_contracts=_counted(Contract),
            n_payments=_counted(Payment),
            n_leads=_counted(Lead),
            n_answers=_counted(Satisfaction),
            received=_summed("amount", paid_at__isnull=False),
            refunded=_summed("refunded_amount"),
            still_open=_summed("amount", paid_at__isnull=True),
            overdue=_summed("amount", paid_at__isnull=True, due_at__lt=OuterRef("today")),
        ),
    )
    some_payment = Decimal(0) if found.n_payments else None
    totals = Totals(
        found.n_projects,
        found.n_contracts,
        found.n_payments,
        found.n_leads,
        found.n_answers,
        some_payment if found.received is None else found.received - (found.refunded or 0),
        some_payment if found.still_open is None else found.still_open,
        some_payment if found.overdue is None else found.overdue,
    )
    return ClientDetail(
        make(found),
        totals,
        [projects.make(row) for row in _newest(projects.base(), found, "-created_at")],
        [contracts.make(row) for row in _newest(contracts.base(), found, "-start")],
        [payments.make(row) for row in _newest(payments.base(), found, "-date")],
        [leads.make(row) for row in _newest(leads.base(), found, "-created_at")],
        [satisfaction.make(row) for row in _newest(satisfaction.base(), found, "-answered_at")],
    )


def _newest(rows: QuerySet[Any], client: Client, order: str) -> QuerySet[Any]:
    return rows.filter(client=client).order_by(order, "-pk")[:NEWEST]


def suggestions(shown: Where, text: str, limit: int = 8) -> list[ClientRow]:
    """Clients whose words begin so, archived ones left out, for a field that names a client."""
    found = search_clients(rows(shown).filter(status=Client.Status.ACTIVE), text)
    return [make(row) for row in found.order_by("folded_name", "pk")[:limit]]
