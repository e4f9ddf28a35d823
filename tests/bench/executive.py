"""How long /executive and its API take at the server, with 100,000 projects and 1,000,000 payments.

The peer is what a dashboard without kept facts does: the same page with every client computed from its rows.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

CALLS = 60
SLOW_CALLS = 3


def run(superuser_url: str | None = None) -> list[dict[str, Any]]:
    """p95 in milliseconds of the page, the API and a trend; and the peer's median for the page."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from business.figures.facts import refresh_all
    from core.people.models import RoleGrant, User
    from tests.bench import dataset

    if superuser_url:
        dataset.fill(superuser_url)
    person = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=None)
    browser = Client()
    browser.force_login(person)

    def timed(path: str, calls: int) -> list[float]:
        spent = []
        for _call in range(calls):
            started = time.perf_counter()
            answer = browser.get(path)
            answer.content  # noqa: B018
            spent.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.content[:500]
        return sorted(spent)

    stale = statistics.median(timed("/executive", SLOW_CALLS))
    started = time.perf_counter()
    refresh_all()
    refreshed = (time.perf_counter() - started) * 1000
    if superuser_url:
        dataset.vacuum(superuser_url)
    month_ago = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 33 * 86400))
    found = [{"name": "executive: refresh of all facts", "value": round(refreshed), "unit": "ms"}]
    for name, path, calls in (
        ("executive: page", "/executive", CALLS),
        ("executive: page, a month ago", f"/executive?as_of={month_ago}", CALLS),
        ("executive: API", "/api/executive/metrics?scope=global", CALLS),
        ("executive: figure page, revenue", "/executive/figures/revenue_month", 10),
        ("executive: trend of churn, 365 days", "/api/executive/trends?metric=churn_pct&days=365", 5),
        ("executive: trend of revenue, 730 days", "/api/executive/trends?metric=revenue&days=730", 5),
    ):
        browser.get(path)
        spent = timed(path, calls)
        row: dict[str, Any] = {
            "name": f"{name}, p95",
            "value": round(spent[max(0, int(len(spent) * 0.95) - 1)], 1),
            "unit": "ms",
        }
        if path == "/executive":
            row |= {"peer": "facts computed from rows", "peer_value": round(stale, 1)}
            row["ratio"] = round(stale / row["value"], 2)
        found.append(row)
    with CaptureQueriesContext(connection) as queries:
        browser.get("/executive")
    found.append({"name": "executive: queries of the page", "value": len(queries), "unit": "queries"})
    return found
