"""Lists and search of the business at full size (dataset.py fills it): p95 of the pages at the server.

    .venv/bin/python -m tests.bench.run lists

A page is asked for as a browser does, compressed. On a shared machine a round that others disturbed says nothing
of the page: each is measured in several rounds, and the best round counts. The load of the machine is a row too.
Linux tells how long our thread and its PostgreSQL process stood ready while others held the processors
(/proc/…/schedstat): `alone` is the same p95 with these waits taken off, what an otherwise idle machine would take at
most, since shared caches still count.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

ROUNDS, CALLS = 3, 20
PEER = "/account/"
PAGES = {
    "clients": "/business/clients",
    "clients, newest first": "/business/clients?sort=-created_at",
    "clients, one agency": "/business/clients?agency=bench-size-1",
    "clients, filter that none has": "/business/clients?status=archived",
    "clients, search, a word of all": "/business/clients?q=clie",
    "clients, search, one letter": "/business/clients?q=c",
    "clients, search, a tenth": "/business/clients?q=2",
    "clients, search, one client": "/business/clients?q=c1999@example.com",
    "clients, search, no match": "/business/clients?q=zzzz",
    "projects": "/business/projects",
    "projects, by value": "/business/projects?sort=-value",
    "projects, deadline passed": "/business/projects?late=yes",
    "projects, filter that none has": "/business/projects?status=draft",
    "projects, search, a word of all": "/business/projects?q=proj",
    "projects, search, one letter": "/business/projects?q=p",
    "projects, search, one digit": "/business/projects?q=9",
    "projects, search, a word of all clients": "/business/projects?q=cliente",
    "projects, search, rare word": "/business/projects?q=4242",
    "projects, search, no match": "/business/projects?q=zzzz",
    "projects, search, project and client": "/business/projects?q=projeto+cliente",
    "projects, search, project and client, few": "/business/projects?q=p4242+cliente",
    "projects, search, three words": "/business/projects?q=projeto+77+sao",
    "projects, search and filter": "/business/projects?q=9&status=active",
    "contracts": "/business/contracts",
    "contracts, ended": "/business/contracts?state=ended",
    "contracts, search": "/business/contracts?q=contrato",
    "contracts, search, contract and client": "/business/contracts?q=42+cliente",
    "payments": "/business/payments",
    "payments, by amount": "/business/payments?sort=-amount",
    "payments, one agency": "/business/payments?agency=bench-size-1",
    "payments, not paid": "/business/payments?status=unpaid",
    "payments, refunded": "/business/payments?status=refunded",
    "payments, method of few": "/business/payments?method=voucher",
    "payments, method of none": "/business/payments?method=cash",
    "payments, search, all clients": "/business/payments?q=clie",
    "payments, search, a tenth of the clients": "/business/payments?q=2",
    "payments, search, few clients": "/business/payments?q=cliente+777",
    "payments, search, an amount": "/business/payments?q=1.234,00",
    "payments, search, no match": "/business/payments?q=zzzz",
    "leads": "/business/leads",
    "leads, source of none": "/business/leads?source=nothing",
    "leads, search": "/business/leads?q=lead",
    "leads, search, rare word": "/business/leads?q=l4242",
    "satisfaction": "/business/satisfaction",
    "satisfaction, lowest score": "/business/satisfaction?score=1",
    "satisfaction, search": "/business/satisfaction?q=clie",
    "satisfaction, search, one client": "/business/satisfaction?q=cliente+777",
}


def run(superuser_url: str | None = None) -> list[dict[str, Any]]:
    """Best p95 in milliseconds of each page; the peer is the account page, which reads next to nothing."""
    from django.test import Client

    from core.people.models import RoleGrant, User
    from tests.bench import dataset

    if superuser_url:
        dataset.fill(superuser_url)
    person = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=None)
    browser = Client(headers={"accept-encoding": "gzip"})
    browser.force_login(person)
    pages = PAGES | {
        "projects, the middle of all pages": _middle("projects"),
        "payments, the middle of all pages": _middle("payments"),
    }
    before = os.getloadavg()[0]
    found: dict[str, list[tuple[float, float]]] = {}
    for _round in range(ROUNDS):
        for address in (PEER, *pages.values()):
            found.setdefault(address, []).append(_p95(browser, address))
    best = {address: min(wall for wall, _alone in rounds) for address, rounds in found.items()}
    alone = {address: min(alone for _wall, alone in rounds) for address, rounds in found.items()}
    load = {"name": "list: load of the machine, before and after", "unit": "1 min"}
    return [
        *[
            {
                "name": f"list: {name}",
                "value": round(best[address], 1),
                "unit": "ms p95",
                "peer": "the account page",
                "peer_value": round(best[PEER], 1),
                "ratio": round(best[address] / best[PEER], 2),
                "alone": round(alone[address], 1),
            }
            for name, address in pages.items()
        ],
        load | {"value": before},
        load | {"value": os.getloadavg()[0]},
    ]


def _middle(name: str) -> str:
    """The address of a page that has as many rows before it as after it."""
    from django.db.models import QuerySet

    from business.queries import payments, projects
    from core.pages.keyset import bind, encode

    rows: QuerySet[Any] = payments.base() if name == "payments" else projects.base()
    key = "date" if name == "payments" else "created_at"
    row = rows.order_by(f"-{key}", "-pk")[rows.count() // 2]
    cursor = encode([getattr(row, key), row.pk], "after", bind(name, "", {}, f"-{key}", {}))
    return f"/business/{name}?cursor={cursor}"


def _p95(browser: Any, address: str) -> tuple[float, float]:
    """Of the clock, and of the clock less what was waited for a processor."""
    from django.db import connection

    wall, alone = [], []
    browser.get(address)
    server = connection.connection.info.backend_pid
    for _ in range(CALLS):
        waited = _waited(server)
        started = time.perf_counter()
        answer = browser.get(address)
        took = (time.perf_counter() - started) * 1000
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        wall.append(took)
        alone.append(took - (_waited(server) - waited))
    return statistics.quantiles(wall, n=20)[-1], statistics.quantiles(alone, n=20)[-1]


def _waited(server: int) -> float:
    """Milliseconds that this thread and the PostgreSQL process stood ready and did not run; 0 where not told."""
    try:
        told = [Path(f"/proc/{task}/schedstat").read_text() for task in ("thread-self", server)]
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in told) / 1e6
