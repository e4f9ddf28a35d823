"""Lists and search of the business at full size (dataset.py fills it): p95 of the pages at the server."""

from __future__ import annotations

import statistics
import time
from typing import Any

CALLS = 40
PAGES = {
    "clients, first page": "/business/clients",
    "clients, search": "/business/clients?q=clie",
    "projects, first page": "/business/projects",
    "projects, search": "/business/projects?q=proj",
    "payments, newest first": "/business/payments",
}


def run() -> list[dict[str, Any]]:
    """p95 in milliseconds of each page; the peer is the account page, which reads next to nothing."""
    from django.test import Client

    from core.people.models import RoleGrant, User

    person = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=None)
    browser = Client()
    browser.force_login(person)
    peer = _p95(browser, "/account/")
    results = []
    for name, address in PAGES.items():
        value = _p95(browser, address)
        results.append(
            {
                "name": f"list: {name}",
                "value": value,
                "unit": "ms p95",
                "peer": "the account page",
                "peer_value": peer,
                "ratio": value / peer,
            }
        )
    return results


def _p95(browser: Any, address: str) -> float:
    took = []
    for _ in range(CALLS + 3):
        started = time.perf_counter()
        answer = browser.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        took.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(took[3:], n=20)[-1]
