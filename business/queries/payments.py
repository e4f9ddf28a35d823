"""Payments: the list, and one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from business.models import METHODS, Payment
from business.queries.common import (
    ListPage,
    Place,
    Ref,
    Where,
    day_start,
    from_day,
    page_of,
    place_of,
    ref_of,
    to_day,
    version_of,
)
from business.queries.search import search_payments
from core.pages.listing import Column, Filter, Listing, ListingQuery
from core.people.access import Area, Viewer

METHOD_LABELS = {
    "pix": _("Pix"),
    "boleto": _("boleto"),
    "card": _("card"),
    "transfer": _("transfer"),
    "cash": _("cash"),
    "voucher": _("voucher"),
    "other": _("other"),
}
STATES = [
    ("paid", _("paid")),
    ("unpaid", _("not paid")),
    ("overdue", _("overdue")),
    ("refunded", _("refunded")),
]
# A payment neither paid nor due comes first: somebody should say when.
NO_DATE = Value(dt.datetime(9000, 1, 1, tzinfo=dt.UTC), output_field=DateTimeField())


@dataclass(frozen=True)
class PaymentRow:
    id: int
    agency: Place
    source_id: str
    client: Ref | None
    project: Ref | None
    contract: Ref | None
    amount: Decimal
    due_at: dt.datetime | None
    paid_at: dt.datetime | None
    method: str
    refunded_at: dt.datetime | None
    refunded_amount: Decimal | None
    version: str

    @property
    def state(self) -> str:
        """refunded, refunded_part, paid, overdue (from the day after), due, or unpaid (no day known)."""
        if self.refunded_at is not None:
            return "refunded" if self.refunded_amount == self.amount else "refunded_part"
        if self.paid_at is not None:
            return "paid"
        if self.due_at is None:
            return "unpaid"
        return "overdue" if self.due_at < day_start(self.agency.zone) else "due"

    @property
    def method_label(self) -> str:
        return str(METHOD_LABELS.get(self.method, self.method))


def _state(starts: list[tuple[list[int], dt.datetime]], rows: QuerySet[Payment], value: str) -> QuerySet[Payment]:
    if value == "paid":
        return rows.filter(paid_at__isnull=False)
    if value == "refunded":
        return rows.filter(refunded_at__isnull=False)
    if value == "unpaid":
        return rows.filter(paid_at__isnull=True)
    overdue = Q()
    for ids, start in starts:
        overdue |= Q(agency_id__in=ids, due_at__lt=start)
    return rows.filter(overdue, paid_at__isnull=True) if starts else rows.none()


_COLUMNS = [
    Column("date", _("Date"), order="date", descending=True),
    Column("client", _("Client")),
    Column("about", _("For"), css="wide-only"),
    Column("method", _("Payment method"), css="wide-only"),
    Column("amount", _("Amount"), order="amount", numeric=True, descending=True),
    Column("state", _("Status")),
]


def listing(starts: list[tuple[list[int], dt.datetime]]) -> Listing:
    """The list; `starts` (`Where.day_starts`) say since when what is due is overdue."""
    return Listing(
        "payments",
        columns=_COLUMNS,
        filters=[
            Filter("status", _("Status"), options=STATES, apply=partial(_state, starts)),
            Filter("method", _("Payment method"), options=[(name, METHOD_LABELS[name]) for name in METHODS]),
            Filter("from", _("From"), apply=from_day("date"), input="date"),
            Filter("to", _("Until"), apply=to_day("date"), input="date"),
        ],
        search=search_payments,
        sort="-date",
        carry=("agency", "client", "project", "contract"),
    )


EXPORT = [
    Column("id", "id"),
    Column("agency", "agency", csv=lambda row: row.agency.slug),
    Column("source_id", "source_id"),
    Column("client", "client", csv=lambda row: row.client and row.client.source_id),
    Column("project", "project", csv=lambda row: row.project and row.project.source_id),
    Column("contract", "contract", csv=lambda row: row.contract and row.contract.source_id),
    Column("client_id", "client_id", csv=lambda row: row.client and row.client.id),
    Column("client_name", "client_name", csv=lambda row: row.client and row.client.name),
    Column("currency", "currency", csv=lambda row: row.agency.currency),
    *[Column(name, name) for name in ("amount", "due_at", "paid_at", "method", "refunded_at", "refunded_amount")],
]


def make(payment: Payment) -> PaymentRow:
    return PaymentRow(
        payment.pk,
        place_of(payment.agency),
        payment.source_id,
        ref_of(payment.client),
        ref_of(payment.project),
        ref_of(payment.contract),
        payment.amount,
        payment.due_at,
        payment.paid_at,
        payment.method,
        payment.refunded_at,
        payment.refunded_amount,
        version_of(payment),
    )


def base() -> QuerySet[Payment]:
    return Payment.objects.select_related("agency", "client", "project", "contract").annotate(
        date=Coalesce(F("paid_at"), F("due_at"), NO_DATE)
    )


def newest(**about: int) -> QuerySet[Any]:
    """Payments of one client, project or contract, newest first."""
    found: QuerySet[Any] = base().filter(**about)
    return found.order_by("-date", "-pk")


def rows(shown: Where) -> QuerySet[Payment]:
    return base().filter(shown.q())


def page(query: ListingQuery, shown: Where, *, counted: bool = True) -> ListPage[PaymentRow]:
    return page_of(query, rows(shown), shown, make, narrow_to=["client", "project", "contract"], counted=counted)


def payment(viewer: Viewer, pk: int) -> PaymentRow:
    """One payment; raises Http404 when it is not there for the viewer."""
    found = base().filter(viewer.require(Area.BUSINESS).q(), pk=pk).first()
    if found is None:
        raise Http404
    return make(found)
