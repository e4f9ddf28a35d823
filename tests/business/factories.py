"""Builders of business rows with plausible defaults; every argument of the model may be given.

They write straight to the tables (no action, no domain event; the audit triggers still fire), so that a test
sets its scene in one line:

    client = make_client(agency, name="Padaria São José")
    make_payment(agency, client=client, amount="120.00", paid_at=at("2026-03-02"))
"""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from decimal import Decimal
from typing import Any

from django.utils import timezone

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

_numbers = itertools.count(1)


def at(text: str, zone: str = "America/Sao_Paulo") -> dt.datetime:
    """An aware time from "2026-03-02" (midnight) or "2026-03-02 14:30" in `zone`."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone))


def money(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def make_agency(slug: str = "", **fields: Any) -> Agency:
    """An agency with a name of its own; São Paulo time and reais unless told."""
    number = next(_numbers)
    slug = slug or f"agency-{number}"
    return Agency.objects.create(slug=slug, **{"name": slug.replace("-", " ").title(), **fields})


def make_client(agency: Agency, **fields: Any) -> Client:
    """An active client; an archived one when `archived_at` is given."""
    number = next(_numbers)
    if fields.get("archived_at"):
        fields.setdefault("status", Client.Status.ARCHIVED)
    return Client.objects.create(agency=agency, **{"name": f"Client {number}", **fields})


def make_project(agency: Agency, **fields: Any) -> Project:
    """An active project worth 1,000.00, with the first row of its status history."""
    number = next(_numbers)
    fields["value"] = money(fields.get("value", "1000.00"))
    project = Project.objects.create(agency=agency, **{"name": f"Project {number}", **fields})
    ProjectStatusChange.objects.create(
        agency=agency, project=project, to_status=project.status, changed_at=project.created_at
    )
    return project


def make_contract(agency: Agency, **fields: Any) -> Contract:
    """A monthly contract of 500.00 from the first of January 2026; its client is made when not given."""
    number = next(_numbers)
    if "client" not in fields:
        fields["client"] = make_client(agency)
    fields["amount"] = money(fields.get("amount", "500.00"))
    defaults = {"name": f"Contract {number}", "start": dt.date(2026, 1, 1)}
    return Contract.objects.create(agency=agency, **{**defaults, **fields})


def make_change(contract: Contract, effective_from: dt.date, amount: Any, **fields: Any) -> ContractChange:
    """From this day on the contract's amount per interval is `amount`."""
    return ContractChange.objects.create(
        agency=contract.agency,
        contract=contract,
        effective_from=effective_from,
        amount=money(amount) or Decimal(0),
        **fields,
    )


def make_payment(agency: Agency, **fields: Any) -> Payment:
    """100.00 received now by pix. `paid_at=None` with `due_at` makes one that is due; a refund needs both
    `refunded_at` and `refunded_amount`."""
    fields["amount"] = money(fields.get("amount", "100.00"))
    if "refunded_amount" in fields:
        fields["refunded_amount"] = money(fields["refunded_amount"])
    return Payment.objects.create(agency=agency, **{"paid_at": timezone.now(), "method": "pix", **fields})


def make_lead(agency: Agency, **fields: Any) -> Lead:
    """An open lead from the site; `outcome="won"` or "lost" closes it now unless `closed_at` is given."""
    number = next(_numbers)
    if fields.get("outcome", "open") != "open":
        fields.setdefault("closed_at", timezone.now())
    return Lead.objects.create(agency=agency, **{"name": f"Lead {number}", "source": "site", **fields})


def make_answer(agency: Agency, **fields: Any) -> Satisfaction:
    """A satisfaction answer of 5, given now."""
    return Satisfaction.objects.create(agency=agency, **{"score": 5, **fields})
