"""`GET /api/executive/metrics`: shape, scope, instants, currencies, unknowns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from business.figures.facts import refresh
from core.models import Agency, User
from tests.business.factories import (
    at,
    make_agency,
    make_answer,
    make_client,
    make_contract,
    make_lead,
    make_payment,
    make_project,
)

pytestmark = pytest.mark.django_db
URL = "/api/executive/metrics"
SignIn = Callable[[User], Client]

FIELDS = {
    "overview": [
        "revenue_month",
        "revenue_growth_pct",
        "active_projects",
        "active_users_30d",
        "health_score",
        "uptime_pct",
    ],
    "performance": [
        "response_time_ms",
        "error_rate_pct",
        "cache_hit_rate_pct",
        "memory_pct",
        "cpu_pct",
        "db_connections",
    ],
    "business": [
        "new_clients_month",
        "churn_pct",
        "satisfaction",
        "project_value_avg",
        "conversion_pct",
        "mrr",
    ],
    "security": [
        "critical_alerts",
        "compliance_score",
        "failed_logins_24h",
        "backup_health_pct",
        "open_incidents",
    ],
}
NOT_BUILT = ("critical_alerts", "compliance_score", "backup_health_pct", "open_incidents")


def ask(client: Client, **params: str) -> dict[str, Any]:
    answer = client.get(URL, params)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def business_of(body: dict[str, Any]) -> dict[str, Any]:
    overview = {name: body["overview"][name] for name in FIELDS["overview"][:3]}
    business: dict[str, Any] = body["business"]
    return {**overview, **business}


def test_the_answer_has_the_fields_of_the_contract(client_as: SignIn, admin: User, agency: Agency) -> None:
    body = ask(client_as(admin), scope="global")
    assert list(body) == ["scope", "agency", "as_of", *FIELDS, "currency"]
    for group, names in FIELDS.items():
        assert list(body[group]) == names
    assert (body["scope"], body["agency"], body["currency"]) == ("global", None, "BRL")
    assert body["as_of"].endswith("Z")


def test_an_agency_without_rows_has_no_figure_of_the_business(client_as: SignIn, admin: User, agency: Agency) -> None:
    body = ask(client_as(admin), scope="agency", agency=agency.slug)
    assert set(business_of(body).values()) == {None}


def test_what_is_not_built_is_null(client_as: SignIn, admin: User, agency: Agency) -> None:
    body = ask(client_as(admin))
    assert [body["security"][name] for name in NOT_BUILT] == [None] * 4


def test_the_figures_of_a_past_day(client_as: SignIn, admin: User, agency: Agency) -> None:
    client = make_client(agency, created_at=at("2026-01-10"))
    gone = make_client(agency, created_at=at("2026-01-10"))
    make_contract(agency, client=client, amount="300.00", start=dt.date(2026, 1, 10))
    make_contract(
        agency,
        client=gone,
        amount="1200",
        interval="annual",
        start=dt.date(2026, 1, 10),
        end=dt.date(2026, 3, 9),
    )
    make_payment(agency, client=client, amount="100.10", paid_at=at("2026-02-10 23:59"))
    make_payment(agency, client=client, amount="50.00", paid_at=at("2026-02-11 00:00"))
    make_payment(agency, client=client, amount="150.15", paid_at=at("2026-03-10 23:59"))
    make_payment(
        agency,
        client=client,
        amount="80",
        paid_at=at("2026-03-01"),
        refunded_at=at("2026-03-05"),
        refunded_amount="30",
    )
    make_project(agency, client=client, value="1000", created_at=at("2026-02-01"))
    make_project(
        agency,
        client=client,
        value="3000",
        created_at=at("2026-02-01"),
        status="completed",
        completed_at=at("2026-03-11"),
    )
    make_project(agency, value="9999", created_at=at("2026-02-01"), status="cancelled")
    new = make_client(agency)
    make_payment(agency, client=new, amount="1", paid_at=None, due_at=at("2026-01-01"))
    make_payment(agency, client=new, amount="0", paid_at=at("2026-03-02"))
    make_lead(agency, outcome="won", closed_at=at("2026-03-01"))
    for day in ("2026-03-02", "2026-03-03", "2025-11-01"):
        make_lead(agency, outcome="lost", closed_at=at(day))
    make_answer(agency, score=5, answered_at=at("2026-03-01"))
    make_answer(agency, score=4, answered_at=at("2026-03-01"))
    body = ask(client_as(admin), scope="agency", agency=agency.slug, as_of="2026-03-10")
    assert business_of(body) == {
        "revenue_month": "200.15",
        "revenue_growth_pct": 99.95,
        "active_projects": 2,
        "new_clients_month": 1,
        "churn_pct": 50,
        "satisfaction": 4.5,
        "project_value_avg": "2000.00",
        "conversion_pct": 33.3333,
        "mrr": "300.00",
    }
    assert body["as_of"] == "2026-03-11T02:59:59.999999Z"


def test_the_group_is_the_sum_of_its_agencies(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    for one, amount in ((agency, "10.01"), (other_agency, "20.02")):
        make_payment(one, amount=amount, paid_at=at("2026-03-05"))
        make_project(one, created_at=at("2026-03-05"))
    body = ask(client_as(admin), scope="global", as_of="2026-03-31")
    assert body["overview"]["revenue_month"] == "30.03"
    assert body["overview"]["active_projects"] == 2


def test_sums_before_the_first_row_are_zero_and_ratios_null(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    client = make_client(agency)
    make_payment(agency, client=client)
    make_contract(agency, client=client)
    make_project(agency, client=client)
    sums = {"revenue_month": "0.00", "active_projects": 0, "new_clients_month": 0, "mrr": "0.00"}
    browser = client_as(admin)
    for scope in ({"agency": agency.slug}, {"scope": "global"}):
        body = business_of(ask(browser, **scope, as_of="2020-01-01"))
        assert {name: value for name, value in body.items() if value is not None} == sums
        for name, value in body.items():
            trend = {"metric": name, "days": "1", "until": "2020-01-01"}
            (point,) = browser.get("/api/executive/trends", trend | scope).json()["points"]
            assert point["value"] == value, name
    nothing = business_of(ask(browser, agency=other_agency.slug, as_of="2020-01-01"))
    assert set(nothing.values()) == {None}


def test_a_kind_without_any_row_stays_unknown(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_project(agency, created_at=at("2026-03-05"))
    body = business_of(ask(client_as(admin), agency=agency.slug, as_of="2020-01-01"))
    assert (body["active_projects"], body["revenue_month"], body["mrr"]) == (0, None, None)


def test_days_are_those_of_the_calendar_where_the_clocks_change(client_as: SignIn, admin: User, agency: Agency) -> None:
    """On 18 February 2018 São Paulo's clocks went back: 90 and 365 days end an hour later than N x 24 h. Each row
    here is in the first half hour of the calendar's window."""
    client = make_client(agency, created_at=at("2018-01-01"))
    make_answer(agency, score=4, answered_at=at("2018-02-17 00:30"))
    make_answer(agency, score=1, answered_at=at("2018-02-16 23:59"))
    make_lead(agency, outcome="won", closed_at=at("2018-02-17 00:30"))
    make_lead(agency, outcome="lost", closed_at=at("2018-02-16 23:59"))
    make_payment(agency, client=client, paid_at=at("2018-01-31 00:30"))
    too_early = make_client(agency, created_at=at("2018-01-01"))
    make_payment(agency, client=too_early, paid_at=at("2018-01-30 23:59"))
    make_project(agency, value="700", created_at=at("2017-02-18 00:30"), status="completed")
    make_project(agency, value="900", created_at=at("2017-02-17 23:59"), status="completed")
    browser = client_as(admin)
    for kept in (False, True):
        if kept:
            refresh()
        may = ask(browser, agency=agency.slug, as_of="2018-05-17")["business"]
        # Of the two clients one was active at the month's start; both had left by then.
        assert (may["satisfaction"], may["conversion_pct"], may["churn_pct"]) == (4, 100, 100)
        rows = browser.get("/executive/figures/churn_pct", {"agency": agency.slug, "as_of": "2018-05-17"})
        assert client.name in rows.content.decode()
        assert too_early.name not in rows.content.decode()
    assert ask(browser, agency=agency.slug, as_of="2018-02-17")["business"]["project_value_avg"] == "700.00"
    assert ask(browser, scope="global", as_of="2018-02-17")["business"]["project_value_avg"] == "700.00"


def test_a_closed_project_was_over_from_the_earlier_of_its_dates(
    client_as: SignIn, admin: User, agency: Agency
) -> None:
    client = make_client(agency, created_at=at("2026-01-01"))
    dates = {"completed_at": at("2026-03-10 10:00"), "cancelled_at": at("2026-04-20 10:00")}
    for status in ("cancelled", "completed"):
        make_project(agency, client=client, value="10", created_at=at("2026-01-05"), status=status, **dates)
    browser = client_as(admin)

    def on(day: str) -> dict[str, Any]:
        return business_of(ask(browser, agency=agency.slug, as_of=day))

    assert [on(day)["active_projects"] for day in ("2026-03-09", "2026-03-10", "2026-04-19")] == [2, 0, 0]
    # The client left with its projects, in March.
    assert [on(day)["churn_pct"] for day in ("2026-03-09", "2026-03-10")] == [0, 100]
    trend = {"metric": "active_projects", "days": "2", "until": "2026-03-10", "agency": agency.slug}
    points = browser.get("/api/executive/trends", trend).json()["points"]
    assert [point["value"] for point in points] == [2, 0]


def test_zero_where_rows_exist_and_none_falls_in_the_window(client_as: SignIn, admin: User, agency: Agency) -> None:
    client = make_client(agency, created_at=at("2026-01-01"))
    make_payment(agency, client=client, paid_at=at("2026-01-15"))
    make_contract(agency, client=client, start=dt.date(2026, 1, 1), end=dt.date(2026, 1, 31))
    make_project(agency, client=client, created_at=at("2026-01-01"), status="completed", completed_at=at("2026-01-20"))
    body = business_of(ask(client_as(admin), agency=agency.slug, as_of="2026-06-30"))
    assert (body["revenue_month"], body["active_projects"], body["new_clients_month"], body["mrr"]) == (
        "0.00",
        0,
        0,
        "0.00",
    )
    assert (body["revenue_growth_pct"], body["churn_pct"]) == (None, None)


def test_several_currencies_need_one_chosen(client_as: SignIn, admin: User, agency: Agency) -> None:
    euros = make_agency("lisboa", currency="EUR", timezone="Europe/Lisbon")
    make_payment(agency, amount="10", paid_at=at("2026-03-05"))
    make_payment(euros, amount="7", paid_at=at("2026-03-05"))
    browser = client_as(admin)
    refused = browser.get(URL, {"scope": "global", "as_of": "2026-03-31"})
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["allowed"] == ["BRL", "EUR"]
    body = ask(browser, scope="global", as_of="2026-03-31", currency="EUR")
    assert (body["overview"]["revenue_month"], body["currency"]) == ("7.00", "EUR")
    assert ask(browser, agency="lisboa", as_of="2026-03-31")["currency"] == "EUR"
    assert browser.get(URL, {"scope": "global", "currency": "USD"}).status_code == 422


@pytest.mark.parametrize(
    "params",
    [
        {"scope": "everything"},
        {"as_of": "yesterday"},
        {"as_of": "2026-02-30"},
        {"as_of": "9999-12-31"},
        {"as_of": "0001-01-01"},
        {"scope": "global", "agency": "mare"},
        {"scope": "agency"},
    ],
)
def test_a_parameter_that_cannot_be_answered_is_422(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency, params: dict[str, str]
) -> None:
    answer = client_as(admin).get(URL, params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {"agency", *params}


def test_tomorrow_is_422_and_today_is_now(client_as: SignIn, admin: User, agency: Agency) -> None:
    today = timezone.localdate()
    browser = client_as(admin)
    assert browser.get(URL, {"as_of": str(today + dt.timedelta(days=1))}).status_code == 422
    make_payment(agency, amount="5")
    assert ask(browser, as_of=str(today))["overview"]["revenue_month"] == "5.00"


def test_an_admin_of_one_agency_sees_only_theirs(
    client_as: SignIn, agency_admin: User, agency: Agency, other_agency: Agency
) -> None:
    make_payment(agency, amount="10", paid_at=at("2026-03-05"))
    make_payment(other_agency, amount="99", paid_at=at("2026-03-05"))
    browser = client_as(agency_admin)
    for params in ({}, {"scope": "agency"}, {"agency": agency.slug}):
        body = ask(browser, as_of="2026-03-31", **params)
        assert (body["agency"], body["overview"]["revenue_month"]) == (agency.slug, "10.00")
    assert browser.get(URL, {"scope": "global"}).status_code == 403
    assert browser.get(URL, {"agency": other_agency.slug}).status_code == 404


@pytest.mark.parametrize("role", ["operator", "dpo", "viewer_user"])
def test_other_roles_are_refused(client_as: SignIn, request: pytest.FixtureRequest, role: str) -> None:
    assert client_as(request.getfixturevalue(role)).get(URL).status_code == 403


def test_nobody_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 401


def test_a_token_of_another_scope_is_refused(
    client: Client, admin: User, agency: Agency, make_token: Callable[..., str]
) -> None:
    def status(*scopes: str) -> int:
        token = make_token(admin, *scopes)
        return client.get(URL, headers={"Authorization": f"Bearer {token}"}).status_code

    assert (status("executive"), status("business")) == (200, 403)
