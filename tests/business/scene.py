"""A small business with everything that makes figures hard: refunds, reopened projects, closings without a
date, changes of amount, contracts that follow each other. The same rows for the same seed."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

from business.models import ProjectStatusChange
from core.models import Agency
from tests.business.factories import (
    make_answer,
    make_change,
    make_client,
    make_contract,
    make_lead,
    make_payment,
    make_project,
)

FIRST = dt.date(2017, 9, 1)
LAST = dt.date(2018, 3, 31)


def fill(agency: Agency, seed: int, clients: int = 8) -> None:
    """Rows between FIRST and LAST, many of them at the edges of days and months."""
    pick = random.Random(seed)
    zone = ZoneInfo(agency.timezone)
    span = (LAST - FIRST).days

    def day() -> dt.date:
        return FIRST + dt.timedelta(days=pick.randrange(span))

    def moment(after: dt.datetime | None = None) -> dt.datetime:
        clock = pick.choice(["00:00:00", "23:59:59.999999", "12:30:00", "22:30:00", "01:00:00"])
        found = dt.datetime.combine(day(), dt.time.fromisoformat(clock), zone)
        if after and found < after:
            return after + dt.timedelta(hours=pick.randrange(1, 2000))
        return found

    def money() -> Decimal:
        return Decimal(pick.randrange(1, 500_000)) / 100

    for _client in range(clients):
        client = make_client(agency, created_at=moment())
        for _project in range(pick.randrange(3)):
            created = moment()
            status = pick.choice(["draft", "active", "paused", "completed", "cancelled", "completed"])
            closed: dict[str, dt.datetime] = {}
            if status == "completed" and pick.random() < 0.6:
                closed["completed_at"] = moment(created)
            if status == "cancelled" and pick.random() < 0.6:
                closed["cancelled_at"] = moment(created)
            value = pick.choice([None, money()])
            project = make_project(agency, client=client, created_at=created, status=status, value=value, **closed)
            if pick.random() < 0.5:
                _history(project.pk, agency, created, status, pick)
        for _contract in range(pick.randrange(3)):
            start = day()
            end = pick.choice([None, start, start + dt.timedelta(days=pick.randrange(120))])
            contract = make_contract(
                agency,
                client=client,
                start=start,
                end=end,
                amount=money(),
                interval=pick.choice(["monthly", "quarterly", "annual"]),
            )
            for offset in {pick.randrange(-20, 100) for _ in range(pick.randrange(3))}:
                make_change(contract, start + dt.timedelta(days=offset), money())
        for _payment in range(pick.randrange(6)):
            paid = pick.choice([None, moment(), moment()])
            amount = money()
            refund: dict[str, object] = {}
            if paid and pick.random() < 0.3:
                refund = {
                    "refunded_at": moment(paid),
                    "refunded_amount": amount / 2 if amount > 1 else amount,
                }
                refund["refunded_amount"] = Decimal(str(refund["refunded_amount"])).quantize(Decimal("0.01"))
            make_payment(
                agency,
                client=pick.choice([client, client, None]),
                amount=amount,
                paid_at=paid,
                due_at=moment(),
                **refund,
            )
        if pick.random() < 0.5:
            make_answer(agency, client=client, score=pick.randrange(1, 6), answered_at=moment())
        for _lead in range(pick.randrange(3)):
            outcome = pick.choice(["open", "won", "lost"])
            closed_at = None if outcome == "open" else moment()
            make_lead(agency, outcome=outcome, closed_at=closed_at, source=pick.choice(["site", "", "meta"]))


def _history(project: int, agency: Agency, created: dt.datetime, status: str, pick: random.Random) -> None:
    """Changes that end in the present status, with a closing and a reopening among them now and then."""
    ProjectStatusChange.objects.filter(project_id=project).delete()
    path = ["", "active", *pick.sample(["paused", "completed", "active", "cancelled"], 2), status]
    at = created
    for before, after in itertools.pairwise(path):
        if before != after:
            ProjectStatusChange.objects.create(
                agency=agency, project_id=project, from_status=before, to_status=after, changed_at=at
            )
            at += dt.timedelta(hours=pick.randrange(1, 1200))
