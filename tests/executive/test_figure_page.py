"""`/executive/figures/<name>`: formula, window, rows by cursor, trend; and who may see them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from core.audit import record
from core.audit.signals import pseudonym
from core.models import Agency, User
from executive.figures import FIELDS
from tests.business.factories import at, make_client, make_payment
from tests.business.scene import fill
from tests.executive.test_overview_page import shown

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def url(name: str) -> str:
    return f"/executive/figures/{name}"


@pytest.mark.parametrize("name", list(FIELDS))
@pytest.mark.parametrize("params", [{}, {"as_of": "2018-02-18", "agency": "mare", "days": "90"}])
def test_every_figure_opens(client_as: SignIn, admin: User, agency: Agency, name: str, params: dict[str, str]) -> None:
    fill(agency, 2)
    page = client_as(admin).get(url(name), params)
    assert page.status_code == 200
    assert "Definição" in shown(page.content)


def test_every_figure_of_an_empty_installation_opens(client_as: SignIn, admin: User) -> None:
    browser = client_as(admin)
    assert [browser.get(url(name)).status_code for name in FIELDS] == [200] * len(FIELDS)


def test_revenue_shows_its_formula_window_and_rows(client_as: SignIn, admin: User, agency: Agency) -> None:
    client = make_client(agency, name="Padaria São José")
    make_payment(
        agency,
        client=client,
        amount="200",
        paid_at=at("2026-03-02 10:00"),
        refunded_at=at("2026-03-04"),
        refunded_amount="50",
    )
    words = shown(client_as(admin).get(url("revenue_month"), {"agency": "mare", "as_of": "2026-03-10"}).content)
    for told in (
        "R$ 150,00",
        "Pagamentos recebidos menos reembolsos",
        "01/03/2026 00:00",
        "Padaria São José",
        "R$ 200,00",
        "−R$ 50,00",
        "America/Sao_Paulo",
    ):
        assert told in words, told


def test_the_rows_go_on_by_cursor(client_as: SignIn, admin: User, agency: Agency) -> None:
    for minute in range(120):
        make_payment(agency, amount="1.00", paid_at=at(f"2026-03-02 {minute // 60:02}:{minute % 60:02}"))
    browser = client_as(admin)
    address: str | None = f"{url('revenue_month')}?agency=mare&as_of=2026-03-10"
    seen: list[str] = []
    while address:
        html = browser.get(address).content.decode()
        body = html.split('id="rows"')[1]
        seen += re.findall(r'<tr><th scope="row">(?:<a[^>]*>)?([^<]+)', body)
        more = re.search(r'href="([^"]*cursor=[^"]*)"', body)
        address = more.group(1).replace("&amp;", "&") if more else None
    assert len(seen) == len(set(seen)) == 120


def test_a_cursor_of_another_figure_is_refused(client_as: SignIn, admin: User, agency: Agency) -> None:
    for _n in range(60):
        make_payment(agency, amount="1.00", paid_at=at("2026-03-02"))
    browser = client_as(admin)
    html = browser.get(url("revenue_month"), {"agency": "mare", "as_of": "2026-03-10"}).content.decode()
    found = re.search(r"cursor=([^\"&]+)", html)
    assert found
    other = browser.get(url("mrr"), {"agency": "mare", "as_of": "2026-03-10", "cursor": found.group(1)})
    assert other.status_code == 400
    assert browser.get(url("revenue_month"), {"cursor": "forged"}).status_code == 400


def test_failed_log_ins_of_an_agency_are_those_of_its_people(
    client_as: SignIn, agency_admin: User, outsider: User
) -> None:
    for person in (agency_admin, agency_admin, outsider):
        record("login_failed", resource_type="user", outcome="failure", diff={"tried": pseudonym(person.email)})
    browser = client_as(agency_admin)
    body = browser.get("/api/executive/metrics").json()
    assert body["security"]["failed_logins_24h"] == 2
    html = browser.get(url("failed_logins_24h")).content.decode()
    assert pseudonym(agency_admin.email) in html
    assert pseudonym(outsider.email) not in html


def test_active_users_of_an_agency_are_its_people(
    client_as: SignIn, agency_admin: User, outsider: User, admin: User
) -> None:
    for person in (outsider, admin):
        client_as(person).get("/executive")
    browser = client_as(agency_admin)
    browser.get("/executive")
    assert browser.get("/api/executive/metrics").json()["overview"]["active_users_30d"] == 1
    words = shown(browser.get(url("active_users_30d")).content)
    assert agency_admin.name in words
    assert outsider.name not in words
    assert client_as(admin).get("/api/executive/metrics").json()["overview"]["active_users_30d"] == 3


def test_the_score_names_what_is_not_known(client_as: SignIn, admin: User, agency: Agency) -> None:
    words = shown(client_as(admin).get(url("health_score")).content)
    assert "Backups" in words
    assert "sem dados: conta como reprovada" in words


def test_an_unknown_figure_is_not_found(client_as: SignIn, admin: User) -> None:
    assert client_as(admin).get(url("profit")).status_code == 404


@pytest.mark.parametrize("days", ["0", "731", "x"])
def test_days_out_of_bounds_are_refused(client_as: SignIn, admin: User, agency: Agency, days: str) -> None:
    assert client_as(admin).get(url("mrr"), {"days": days}).status_code == 422


def test_another_agency_is_not_found_and_other_roles_are_refused(
    client_as: SignIn, agency_admin: User, operator: User, other_agency: Agency
) -> None:
    make_payment(other_agency, amount="77.77")
    browser = client_as(agency_admin)
    assert browser.get(url("revenue_month"), {"agency": other_agency.slug}).status_code == 404
    assert "77,77" not in shown(browser.get(url("revenue_month")).content)
    assert client_as(operator).get(url("revenue_month")).status_code == 403
