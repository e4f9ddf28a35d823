"""`GET /api/executive/trends`: one point a day, and as many before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Agency, User
from executive.trends import NAMES
from tests.business.factories import at, make_payment, make_project
from tests.business.scene import fill

pytestmark = pytest.mark.django_db
URL = "/api/executive/trends"
SignIn = Callable[[User], Client]


def test_the_days_revenue(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_payment(agency, amount="10", paid_at=at("2026-03-08 23:59"))
    make_payment(
        agency,
        amount="7",
        paid_at=at("2026-03-09 00:00"),
        refunded_at=at("2026-03-10 12:00"),
        refunded_amount="2",
    )
    body = client_as(admin).get(URL, {"metric": "revenue", "days": "3", "until": "2026-03-10"}).json()
    assert (body["metric"], body["unit"]) == ("revenue", "BRL")
    assert body["points"] == [
        {"date": "2026-03-08", "value": "10.00"},
        {"date": "2026-03-09", "value": "7.00"},
        {"date": "2026-03-10", "value": "-2.00"},
    ]
    assert body["previous"] == [{"date": f"2026-03-0{day}", "value": "0.00"} for day in (5, 6, 7)]


def test_active_projects_are_projects_as_the_owner_writes_it(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_project(agency, created_at=at("2026-03-09"))
    make_project(agency, created_at=at("2026-03-09"), status="completed", completed_at=at("2026-03-10 10:00"))
    params = {"days": "2", "until": "2026-03-10", "agency": agency.slug}
    browser = client_as(admin)
    body = browser.get(URL, {"metric": "projects", **params}).json()
    assert [point["value"] for point in body["points"]] == [2, 1]
    assert body["points"] == browser.get(URL, {"metric": "active_projects", **params}).json()["points"]


def test_error_rate_is_taken_as_the_owner_writes_it(client_as: SignIn, admin: User, agency: Agency) -> None:
    answer = client_as(admin).get(URL, {"metric": "error_rate", "days": "2"})
    assert (answer.status_code, answer.json()["metric"]) == (200, "error_rate_pct")


@pytest.mark.parametrize("metric", NAMES)
def test_every_metric_has_a_point_a_day(client_as: SignIn, admin: User, agency: Agency, metric: str) -> None:
    fill(agency, 1)
    body = client_as(admin).get(URL, {"metric": metric, "days": "730", "until": "2018-04-01"}).json()
    assert (len(body["points"]), len(body["previous"])) == (730, 730)
    assert body["points"][-1]["date"] == "2018-04-01"
    assert body["previous"][-1]["date"] == "2016-04-01"


def test_the_last_day_is_today_by_default(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_payment(agency, amount="3")
    body = client_as(admin).get(URL, {"metric": "revenue_month"}).json()
    assert len(body["points"]) == 30
    assert body["points"][-1] == {"date": str(timezone.localdate()), "value": "3.00"}


@pytest.mark.parametrize(
    "params",
    [
        {"metric": "profit"},
        {"metric": "mrr", "days": "731"},
        {"metric": "mrr", "days": "0"},
        {"metric": "mrr", "days": "many"},
        {"metric": "mrr", "until": "31/12/2025"},
        {"metric": "mrr", "until": "9999-12-31"},
        {"metric": "mrr", "scope": "all"},
        {},
    ],
)
def test_bad_parameters_are_422(client_as: SignIn, admin: User, agency: Agency, params: dict[str, str]) -> None:
    answer = client_as(admin).get(URL, params)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


def test_an_unknown_metric_names_those_there_are(client_as: SignIn, admin: User, agency: Agency) -> None:
    error = client_as(admin).get(URL, {"metric": "profit"}).json()["errors"][0]
    assert (error["field"], error["allowed"]) == ("metric", list(NAMES))


def test_counts_need_no_currency_and_amounts_do(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    other_agency.currency = "USD"
    other_agency.save()
    browser = client_as(admin)
    assert browser.get(URL, {"metric": "projects"}).status_code == 200
    assert browser.get(URL, {"metric": "mrr"}).status_code == 422
    assert browser.get(URL, {"metric": "mrr", "currency": "USD"}).json()["unit"] == "USD"


def test_an_admin_of_one_agency_reads_only_theirs(
    client_as: SignIn, agency_admin: User, agency: Agency, other_agency: Agency
) -> None:
    make_payment(other_agency, amount="9", paid_at=timezone.now() - dt.timedelta(days=1))
    browser = client_as(agency_admin)
    points = browser.get(URL, {"metric": "revenue", "days": "2"}).json()["points"]
    assert [point["value"] for point in points] == [None, None]
    assert browser.get(URL, {"metric": "revenue", "scope": "global"}).status_code == 403
    assert browser.get(URL, {"metric": "revenue", "agency": other_agency.slug}).status_code == 404
