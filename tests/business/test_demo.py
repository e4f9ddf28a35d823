"""`manage.py demo load|clear`."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth
from stdnum.br import cnpj

from business.models import (
    Client,
    Contract,
    ContractChange,
    Lead,
    Payment,
    Project,
    ProjectStatusChange,
    Satisfaction,
)
from core.agencies.models import Agency
from core.audit.models import AuditEvent
from core.events.models import Event
from tests.business.factories import make_agency, make_client, make_payment

pytestmark = pytest.mark.django_db
DAY = "2026-11-24"
TABLES = (Client, Contract, ContractChange, Project, ProjectStatusChange, Payment, Lead, Satisfaction)


def demo(*arguments: str) -> str:
    out = io.StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def fingerprint() -> str:
    """The rows without their ids."""
    ids = re.compile(r"(_id|^id)$")
    found = [
        sorted(
            repr([(key, value) for key, value in row.items() if not ids.search(key) or key == "source_id"])
            for row in model.objects.values()
        )
        for model in TABLES
    ]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def test_two_agencies_with_a_believable_history_are_loaded() -> None:
    assert "2 agencies" in demo("load", "--day", DAY)
    agencies = Agency.objects.filter(is_demo=True)
    assert agencies.count() == 2
    assert all(agency.slug.startswith("demo-") for agency in agencies)
    assert 120 <= Client.objects.count() <= 200
    assert 450 <= Project.objects.count() <= 800
    assert 3_800 <= Payment.objects.count() <= 6_500
    assert Lead.objects.filter(outcome="won", client__isnull=False).count() >= 120
    assert {"open", "won", "lost"} == set(Lead.objects.values_list("outcome", flat=True))
    assert set(Satisfaction.objects.values_list("score", flat=True)) >= {2, 3, 4, 5}
    months = Payment.objects.filter(paid_at__isnull=False).annotate(m=TruncMonth("paid_at")).values("m").distinct()
    assert months.count() >= 24
    assert Contract.objects.filter(end__isnull=False).count() >= 10
    first: dict[int, Any] = {}
    ups = downs = 0
    for change in ContractChange.objects.select_related("contract").order_by("contract", "effective_from"):
        before = first.get(change.contract_id, change.contract.amount)
        ups, downs = ups + (change.amount > before), downs + (change.amount < before)
        first[change.contract_id] = change.amount
    assert ups > 10
    assert downs > 3
    assert Payment.objects.filter(refunded_at__isnull=False).count() > 20
    late = sum(p.paid_at > p.due_at for p in Payment.objects.filter(paid_at__isnull=False) if p.paid_at and p.due_at)
    assert 0.15 < late / Payment.objects.count() < 0.6
    begun = dict(Project.objects.values_list("created_at__month").annotate(n=Count("id")))
    assert begun[11] > begun[1]
    assert begun[11] > begun[2]


def test_nothing_happens_on_or_after_the_day() -> None:
    demo("load", "--day", DAY)
    day = dt.datetime.fromisoformat(f"{DAY}T03:00+00:00")
    for model, names in {
        Client: ["created_at", "archived_at"],
        Project: ["created_at", "completed_at", "cancelled_at"],
        Payment: ["paid_at", "refunded_at"],
        Lead: ["created_at", "closed_at"],
        Satisfaction: ["answered_at"],
        ProjectStatusChange: ["changed_at"],
    }.items():
        for name in names:
            assert not model._default_manager.filter(**{f"{name}__gte": day}).exists(), f"{model.__name__}.{name}"


def test_history_ends_in_the_present_status() -> None:
    demo("load", "--day", DAY)
    last = {step.project_id: step.to_status for step in ProjectStatusChange.objects.order_by("changed_at", "id")}
    assert last == dict(Project.objects.values_list("id", "status"))
    assert set(last.values()) >= {"active", "completed", "cancelled"}


def test_the_same_seed_and_day_tell_the_same_story() -> None:
    demo("load", "--seed", "7", "--day", DAY)
    one = fingerprint()
    demo("clear")
    demo("load", "--seed", "7", "--day", DAY)
    assert fingerprint() == one
    demo("clear")
    demo("load", "--seed", "8", "--day", DAY)
    assert fingerprint() != one


@pytest.mark.parametrize("day", ["2024-02-29", "2025-12-31", "2026-03-01", "2026-01-01"])
def test_any_day_will_do(day: str) -> None:
    demo("load", "--day", day, "--months", "13")
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] > 0


def test_nobody_real_is_in_it() -> None:
    demo("load", "--day", DAY)
    for client in Client.objects.all():
        assert client.email.endswith(".example.com")
        assert re.fullmatch(r"\+55\d\d90000\d{4}", client.phone)
        assert client.document.startswith("99.")
        assert cnpj.is_valid(client.document)


def test_loading_twice_changes_nothing() -> None:
    demo("load", "--day", DAY)
    before, events = fingerprint(), AuditEvent.objects.count()
    assert demo("load", "--day", DAY).strip() == "the demo data is already there"
    assert (fingerprint(), AuditEvent.objects.count()) == (before, events)


def test_one_event_tells_of_it() -> None:
    demo("load", "--day", DAY)
    assert list(Event.objects.values_list("type", flat=True)) == ["demo.loaded"]


def test_clear_removes_the_demo_and_nothing_else() -> None:
    agency = make_agency("real")
    make_payment(agency, client=make_client(agency))
    before = fingerprint()
    demo("load", "--day", DAY)
    assert "2 agencies" in demo("clear")
    assert fingerprint() == before
    assert list(Agency.objects.values_list("slug", flat=True)) == ["real"]
    assert AuditEvent.objects.filter(resource_type="payment_data", action="data_delete").count() > 3_000
    assert demo("clear").strip() == "there is no demo data"


def test_a_real_agency_is_never_taken_for_the_demo() -> None:
    make_agency("demo-mare-digital")
    with pytest.raises(CommandError, match="is taken by an agency that is not demo data"):
        demo("load")
    assert Agency.objects.count() == 1
    assert not Client.objects.exists()
