"""People of one agency find nothing of another, through any URL there is.

Every route of the resolver is walked: each parameter takes every id of the other agency's rows, each page
and list is asked with the other agency in its filters, with a cursor of the other's, and as an export. The
other agency's rows carry a marker in every text, and their ids are far from ours, so that a leak is seen
wherever it comes out. Then every route is written to, and the other agency must be untouched.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import now

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
from core.models import Agency, ApiToken, AuditEvent, Job, RoleGrant, User

MARK = "Zwxqother"
TABLES = (
    "core_agency",
    "core_user",
    "core_rolegrant",
    "core_apitoken",
    "business_client",
    "business_project",
    "business_projectstatuschange",
    "business_contract",
    "business_contractchange",
    "business_payment",
    "business_lead",
    "business_satisfaction",
)
ROLES = ("admin", "operator", "dpo", "viewer")
# Pages of django-allauth that act on the caller's own session or need a secret link of a mail.
OWN_SESSION = re.compile(r"^/account/")
SKIPPED = re.compile(r"^/(static|design)")

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Other:
    """The other agency, with the ids of everything it has."""

    agency: Agency
    ids: tuple[str, ...]
    person: User


@pytest.fixture(autouse=True)
def _no_round_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe keeps its round in a thread of its own: the rows would outlive this test's transaction."""
    monkeypatch.setattr("monitoring.health.report.keep", lambda outcomes, at: None)


@pytest.fixture
def other() -> Other:
    """One row of every kind in another agency, and some of nobody's business."""
    for table in TABLES:
        _skip_ids(table)
    agency = Agency.objects.create(slug=MARK.lower(), name=MARK)
    person = User.objects.create_user(f"{MARK.lower()}@example.com", name=MARK)
    grant = RoleGrant.objects.create(user=person, role="admin", agency=agency)
    token = ApiToken.objects.create(user=person, name=MARK, prefix="zw", digest="0" * 64)
    owned: dict[str, Any] = {"agency": agency, "source_id": MARK}
    client = Client.objects.create(
        **owned, name=MARK, email=f"{MARK.lower()}@example.com", phone="+5511900000000", city=MARK, state=MARK
    )
    project = Project.objects.create(**owned, client=client, name=MARK, value=Decimal("7700123.45"))
    change = ProjectStatusChange.objects.create(
        agency=agency, project=project, to_status="active", changed_at=now(), note=MARK
    )
    contract = Contract.objects.create(
        **owned, client=client, name=MARK, amount=Decimal("7700123.45"), start=date.today() - timedelta(40)
    )
    step = ContractChange.objects.create(
        **owned, contract=contract, effective_from=date.today(), amount=Decimal("7700124.45")
    )
    payment = Payment.objects.create(
        **owned, client=client, project=project, amount=Decimal("7700123.45"), paid_at=now(), method=MARK
    )
    lead = Lead.objects.create(**owned, name=MARK, source=MARK, client=client)
    answer = Satisfaction.objects.create(**owned, client=client, project=project, score=3, comment=MARK)
    job = Job.objects.create(kind="import", area="business:write", agency=agency, created_by=person, detail=MARK)
    rows = (agency, person, grant, token, client, project, change, contract, step, payment, lead, answer, job)
    return Other(agency, (*(str(row.pk) for row in rows), agency.slug), person)


def _skip_ids(table: str) -> None:
    # Far from ours: an id of the other's is then never by chance an id of ours too.
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(nextval(pg_get_serial_sequence(%s, 'id'))) FROM generate_series(1, 5000)", [table])


@dataclass(frozen=True)
class Route:
    """A route with its parameters' names and converters."""

    pattern: str
    parameters: tuple[tuple[str, str], ...]

    def filled(self, value: str) -> str | None:
        """The path with every parameter set to `value`; None when it does not fit a converter."""
        path = self.pattern
        for name, kind in self.parameters:
            if kind == "int" and not value.isdigit():
                return None
            if kind == "uuid" and not _is_uuid(value):
                return None
            path = re.sub(rf"<(?:\w+:)?{name}>|\{{{name}\}}", value, path)
        return None if "<" in path or "(?P" in path else path


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def routes() -> list[Route]:
    def walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
        for pattern in patterns:
            text = prefix + str(pattern.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, text)
            elif isinstance(pattern, URLPattern):
                found = re.findall(r"<(?:(\w+):)?(\w+)>", text)
                yield Route("/" + text, tuple((name, kind or "str") for kind, name in found))

    every = {route.pattern: route for route in walk(get_resolver().url_patterns, "")}
    return [route for route in every.values() if not SKIPPED.match(route.pattern)]


def body_of(response: Any) -> str:
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content).decode(errors="replace")
    return bytes(response.content).decode(errors="replace")


def leaks(text: str, sent: str) -> bool:
    """Whether the marker or an amount of the other's is in the text, beyond what the caller sent itself."""
    for echo in sorted({sent, sent.lower()}, key=len, reverse=True):
        text = text.replace(echo, "")
    lowered = text.lower()
    return MARK.lower() in lowered or bool(re.search(r"7[.,]?700[.,]?12[34]", text))


FILTERS = ("agency", "client", "project", "contract", "user", "user_id", "actor", "id", "source_id", "kind")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("by", ["session", "token"])
def test_nothing_of_the_other_agency_is_found(
    role: str,
    by: str,
    other: Other,
    agency: Agency,
    make_user: Callable[..., User],
    make_token: Callable[..., str],
) -> None:
    user = make_user(role, agency)
    browser = Browser(raise_request_exception=True)
    headers: dict[str, str] = {}
    if by == "session":
        browser.force_login(user)
    else:
        headers["Authorization"] = f"Bearer {make_token(user)}"
    found: list[str] = []
    asked = 0

    def ask(path: str, query: dict[str, str] | None = None, sent: str = "") -> None:
        nonlocal asked
        asked += 1
        response = browser.get(path, query or {}, headers=headers)
        text = body_of(response)
        # Without a worker nothing is healthy here, and that one answer says so.
        assert response.status_code < 500 or path == "/api/system/health", f"GET {path} {query}"
        text = text.replace(json.dumps(path)[1:-1], "").replace(path, "")
        if leaks(text, sent):
            found.append(f"{path} {query}")

    for route in routes():
        if by == "token" and not route.pattern.startswith("/api/"):
            continue
        if OWN_SESSION.match(route.pattern):
            continue
        if route.parameters:
            for value in other.ids:
                if (path := route.filled(value)) is not None:
                    ask(path, sent=value)
            continue
        ask(route.pattern)
        ask(route.pattern, {"format": "csv"})
        ask(route.pattern, {"q": MARK[1:-1]})
        ask(
            route.pattern,
            {"limit": "200", "scope": "agency", "agency": other.agency.slug},
            sent=other.agency.slug,
        )
        for name in FILTERS:
            for value in (other.ids[0], other.ids[4], other.agency.slug):
                ask(route.pattern, {name: value}, sent=value)
    assert asked > 20
    assert found == []


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_the_other_agency_is_changed(
    role: str, other: Other, agency: Agency, make_user: Callable[..., User]
) -> None:
    browser = Browser()
    browser.force_login(make_user(role, agency))
    before = _trail_of(other)
    fields = {
        "agency": other.agency.slug,
        "client": other.ids[4],
        "project": other.ids[5],
        "contract": other.ids[7],
        "name": "taken over",
        "amount": "1",
        "status": "archived",
        "confirm": MARK,
    }
    for route in routes():
        if OWN_SESSION.match(route.pattern):
            continue
        paths = [route.pattern] if not route.parameters else [route.filled(value) for value in other.ids]
        for path in filter(None, paths):
            for method in ("post", "patch", "put", "delete"):
                if path.startswith("/api/"):
                    response = getattr(browser, method)(path, json.dumps(fields), content_type="application/json")
                elif method == "post":
                    response = browser.post(path, fields)
                else:
                    continue
                assert response.status_code < 500, f"{method} {path}: {response.status_code}"
    assert _trail_of(other) == before


def _trail_of(other: Other) -> tuple[int, ...]:
    """Ids of events that speak of the other agency's rows, of it or of its people."""
    events = AuditEvent.objects.filter(agency_id=other.agency.pk) | AuditEvent.objects.filter(
        resource_type="user", resource_id=str(other.person.pk), action__in=["data_update", "data_delete"]
    )
    return tuple(events.exclude(action="data_access").values_list("id", flat=True))
