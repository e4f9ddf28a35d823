"""Contracts: the list, and one with its amounts over time and its part of the recurring revenue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from business.models import Contract, ContractChange
from business.queries import payments
from business.queries.common import (
    ListPage,
    Place,
    Ref,
    Where,
    page_of,
    place_of,
    ref,
    version_of,
)
from business.queries.search import search_named
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer

NEWEST = 10
MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}
STATES = [("running", _("running")), ("ended", _("ended")), ("future", _("not begun"))]


@dataclass(frozen=True)
class ContractRow:
    """`amount` is that of its start, `current` the one in force today (or at its end)."""

    id: int
    agency: Place
    source_id: str
    client: Ref
    name: str
    amount: Decimal
    current: Decimal
    interval: str
    start: dt.date
    end: dt.date | None
    version: str

    @property
    def state(self) -> str:
        today = self.agency.today
        if self.start > today:
            return "future"
        return "ended" if self.end is not None and self.end < today else "running"

    @property
    def per_month(self) -> Decimal:
        """The current amount by month, in cents."""
        return (self.current / MONTHS[self.interval]).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class ChangeRow:
    id: int
    agency: Place
    source_id: str
    contract: Ref
    effective_from: dt.date
    amount: Decimal
    version: str


@dataclass(frozen=True)
class Step:
    """An amount in force from a day on. `before` is the amount until then, None at the start."""

    from_day: dt.date
    amount: Decimal
    before: Decimal | None
    change_id: int | None


@dataclass(frozen=True)
class ContractDetail:
    """`share` is this contract's part of the agency's recurring revenue of a month, 0 to 100; None unless it
    runs."""

    row: ContractRow
    steps: Sequence[Step]
    payments: Sequence[payments.PaymentRow]
    share: Decimal | None


def _state(rows: QuerySet[Contract], value: str) -> QuerySet[Contract]:
    today = timezone.localdate()
    if value == "future":
        return rows.filter(start__gt=today)
    if value == "ended":
        return rows.filter(end__lt=today)
    return rows.filter(Q(end=None) | Q(end__gte=today), start__lte=today)


LISTING = Listing(
    "contracts",
    columns=[
        Column("name", _("Contract")),
        Column("client", _("Client")),
        Column("state", _("State")),
        Column("current", _("Amount"), numeric=True),
        Column("interval", _("Interval")),
        Column("per_month", _("By month"), numeric=True, css="wide-only"),
        Column("start", _("Start"), order="start", numeric=True, descending=True),
        Column("end", _("End"), numeric=True),
    ],
    filters=[
        Filter("state", _("State"), options=STATES, apply=_state),
        Filter("interval", _("Interval"), options=Contract.Interval.choices),
        Filter("start_from", _("Start, from"), apply=lambda rows, v: rows.filter(start__gte=v), input="date"),
        Filter("start_to", _("Start, until"), apply=lambda rows, v: rows.filter(start__lte=v), input="date"),
    ],
    search=search_named,
    sort="-start",
    carry=("agency", "client"),
)
EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    Column("source_id", "source_id"),
    Column("client", "client", csv=lambda row: row.client.source_id),
    Column("client_id", "client_id", csv=lambda row: row.client.id),
    Column("client_name", "client_name", csv=lambda row: row.client.name),
    *[Column(name, name) for name in ("name", "amount", "interval", "start", "end", "current")],
]
CHANGES = Listing(
    "contract_changes",
    columns=[
        Column("effective_from", _("From"), order="effective_from", descending=True),
        Column("amount", _("Amount"), numeric=True),
    ],
    sort="-effective_from",
    carry=("agency", "contract"),
)


def make(contract: Contract) -> ContractRow:
    return ContractRow(
        contract.pk,
        place_of(contract.agency),
        contract.source_id,
        ref(contract.client),
        contract.name or f"#{contract.pk}",
        contract.amount,
        contract.current,  # type: ignore[attr-defined]
        contract.interval,
        contract.start,
        contract.end,
        version_of(contract),
    )


def make_change(change: ContractChange) -> ChangeRow:
    return ChangeRow(
        change.pk,
        place_of(change.agency),
        change.source_id,
        ref(change.contract),
        change.effective_from,
        change.amount,
        version_of(change),
    )


def base() -> QuerySet[Contract]:
    latest = ContractChange.objects.filter(contract=OuterRef("pk"), effective_from__lte=timezone.localdate())
    current = Coalesce(Subquery(latest.order_by("-effective_from").values("amount")[:1]), "amount")
    return Contract.objects.select_related("agency", "client").annotate(current=current)


def rows(shown: Where) -> QuerySet[Contract]:
    return base().filter(shown.q())


def page(query: ListingQuery, shown: Where, *, counted: bool = True) -> ListPage[ContractRow]:
    return page_of(query, rows(shown), shown, make, narrow_to=["client"], counted=counted)


def changes(query: ListingQuery, shown: Where) -> ListPage[ChangeRow]:
    rows = ContractChange.objects.filter(shown.q()).select_related("agency", "contract")
    return page_of(query, rows, shown, make_change, narrow_to=["contract"], counted=False)


def contract(viewer: Viewer, pk: int) -> ContractRow:
    """One contract; raises Http404 when it is not there for the viewer."""
    found = base().filter(viewer.require(Area.BUSINESS).q(), pk=pk).first()
    if found is None:
        raise Http404
    return make(found)


def change(viewer: Viewer, pk: int) -> ChangeRow:
    """One change of amount; raises Http404."""
    scope = viewer.require(Area.BUSINESS)
    found = ContractChange.objects.filter(scope.q(), pk=pk).select_related("agency", "contract").first()
    if found is None:
        raise Http404
    return make_change(found)


def detail(viewer: Viewer, pk: int) -> ContractDetail:
    """One contract with its amounts and payments; raises Http404."""
    row = contract(viewer, pk)
    steps = [Step(row.start, row.amount, None, None)]
    for found in ContractChange.objects.filter(contract=pk).order_by("effective_from")[:500]:
        steps.append(Step(found.effective_from, found.amount, steps[-1].amount, found.pk))
    newest = payments.newest(contract=pk)[:NEWEST]
    return ContractDetail(row, list(reversed(steps)), [payments.make(found) for found in newest], _share(row))


# Exact until the end: rounding each contract to cents would not add up to the agency's figure.
_SHARES = """
SELECT coalesce(sum(monthly) FILTER (WHERE id = %(id)s), 0), sum(monthly) FROM (
    SELECT k.id, coalesce((SELECT c.amount FROM business_contractchange c
                            WHERE c.contract_id = k.id AND c.effective_from <= %(today)s
                            ORDER BY c.effective_from DESC LIMIT 1), k.amount)
           / CASE k.interval WHEN 'annual' THEN 12 WHEN 'quarterly' THEN 3 ELSE 1 END AS monthly
      FROM business_contract k
     WHERE k.agency_id = %(agency)s AND k.start <= %(today)s AND (k."end" IS NULL OR k."end" >= %(today)s)
) running
"""


def _share(row: ContractRow) -> Decimal | None:
    if row.state != "running":
        return None
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, {"id": row.id, "today": row.agency.today, "agency": row.agency.id})
        own, whole = cursor.fetchone()
    return Decimal(own) * 100 / Decimal(whole) if whole else None
