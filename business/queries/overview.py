"""The business at a glance: what is there, what is late, what is to be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count as SqlCount
from django.db.models import Q, Sum
from django.utils import timezone

from business.models import Client, Contract, Lead, Payment, Project, Satisfaction
from business.queries import payments
from business.queries import projects as project_queries
from business.queries.common import Count, Where, counts

LINES = 8


@dataclass(frozen=True)
class Owed:
    """What is overdue: how many payments, and how much of each currency."""

    number: int
    amounts: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True)
class Overview:
    """Counts stop at 10,000. `overdue` and `late` hold the oldest few."""

    clients: Count
    projects: Count
    contracts: Count
    leads: Count
    answers: Count
    owed: Owed
    overdue: Sequence[payments.PaymentRow]
    late: Sequence[project_queries.ProjectRow]

    @property
    def empty(self) -> bool:
        """Whether nothing was ever entered."""
        counts = (self.clients, self.projects, self.contracts, self.leads, self.answers)
        return not any(found.number for found in counts) and not self.owed.number


def overview(shown: Where) -> Overview:
    """In four queries."""
    late = Q()
    overdue = Q()
    for ids, start in shown.day_starts():
        overdue |= Q(agency_id__in=ids, due_at__lt=start)
        late |= Q(agency_id__in=ids, deadline__lt=start.date())
    today = timezone.localdate()
    running = Contract.objects.filter(shown.q(), Q(end=None) | Q(end__gte=today), start__lte=today)
    since = timezone.now() - dt.timedelta(days=90)
    open_projects = Project.objects.filter(shown.q(), status__in=project_queries.OPEN)
    unpaid = Payment.objects.filter(shown.q(), overdue, paid_at__isnull=True) if overdue else Payment.objects.none()
    owed = list(unpaid.values("agency__currency").annotate(n=SqlCount("pk"), total=Sum("amount")).order_by("-total"))
    late_projects = (
        project_queries.base().filter(shown.q(), late, status__in=project_queries.OPEN).order_by("deadline", "pk")
    )
    oldest = payments.base().filter(pk__in=unpaid.order_by("due_at", "pk").values("pk")[:LINES])
    clients, opened, contracts, leads, answers = counts(
        Client.objects.filter(shown.q(), status=Client.Status.ACTIVE),
        open_projects,
        running,
        Lead.objects.filter(shown.q(), outcome=Lead.Outcome.OPEN),
        Satisfaction.objects.filter(shown.q(), answered_at__gte=since),
    )
    return Overview(
        clients,
        opened,
        contracts,
        leads,
        answers,
        Owed(sum(row["n"] for row in owed), [(row["agency__currency"], row["total"]) for row in owed]),
        [payments.make(row) for row in oldest.order_by("due_at", "pk")],
        [project_queries.make(row) for row in late_projects[:LINES]] if late else [],
    )
