"""`/executive`: who may see it, what it shows now and as of a past day, and what it costs."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.models import Agency, User
from tests.business.factories import at, make_agency, make_client, make_contract, make_lead, make_payment
from tests.business.scene import fill

pytestmark = pytest.mark.django_db
URL = "/executive"
SignIn = Callable[[User], Client]


def shown(html: bytes) -> str:
    """The page's words, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.decode()).replace("\u00a0", " "))


def test_an_empty_installation_says_so(client_as: SignIn, admin: User) -> None:
    page = client_as(admin).get(URL)
    assert page.status_code == 200
    words = shown(page.content)
    assert "sem dados" in words
    assert "Nenhuma agência ainda" in words
    assert "não disponível" in words


def test_the_figures_of_a_full_business(client_as: SignIn, admin: User, agency: Agency) -> None:
    fill(agency, 1)
    fill(make_agency("outra", name="Outra"), 2)
    page = client_as(admin).get(URL, {"as_of": "2018-03-20"})
    words = shown(page.content)
    assert page.status_code == 200
    assert "Maré Digital" in words
    assert "Funil por origem" in words
    assert "hx-trigger" not in page.content.decode().split('id="board"')[1].split(">")[0]


def test_growth_is_told_in_the_reading(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_payment(agency, amount="100", paid_at=at("2026-02-02"))
    make_payment(agency, amount="150", paid_at=at("2026-03-02"))
    words = shown(client_as(admin).get(URL, {"as_of": "2026-03-10", "agency": agency.slug}).content)
    assert "A receita está 50,0 % acima da recebida em 1–10/02." in words
    assert "Recebido: R$ 150,00 contra R$ 100,00" in words


def test_the_agency_that_explains_the_change_is_named(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    for one, before, now in ((agency, 100, 110), (other_agency, 100, 300)):
        make_payment(one, amount=before, paid_at=at("2026-02-02"))
        make_payment(one, amount=now, paid_at=at("2026-03-02"))
    words = shown(client_as(admin).get(URL, {"as_of": "2026-03-10"}).content)
    assert "Ipê Amarelo recebeu R$ 200,00 a mais" in words
    assert "+10,0 %" in words


def test_a_live_page_asks_again_without_counting_as_activity(client_as: SignIn, admin: User, agency: Agency) -> None:
    browser = client_as(admin)
    assert 'data-poll="30"' in browser.get(URL).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_useractivity")
    cache.clear()
    part = browser.get(URL, headers={"HX-Request": "true", "HX-Target": "board", "X-Poll": "1"})
    assert part.content.decode().lstrip().startswith('<div id="board"')
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_useractivity")
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("role", ["operator", "dpo", "viewer_user"])
def test_other_roles_get_the_page_of_no_permission(
    client_as: SignIn, request: pytest.FixtureRequest, role: str
) -> None:
    assert client_as(request.getfixturevalue(role)).get(URL).status_code == 403


def test_signed_out_leads_to_sign_in(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302


def test_an_admin_of_one_agency_sees_nothing_of_another(
    client_as: SignIn, agency_admin: User, agency: Agency, other_agency: Agency
) -> None:
    make_payment(other_agency, amount="77.77")
    browser = client_as(agency_admin)
    page = browser.get(URL)
    assert page.status_code == 200
    assert other_agency.name not in page.content.decode()
    assert browser.get(URL, {"agency": other_agency.slug}).status_code == 404
    assert browser.get(URL, {"scope": "global"}).status_code == 403


def test_a_day_to_come_is_refused_with_a_way_back(client_as: SignIn, admin: User, agency: Agency) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=2)
    page = client_as(admin).get(URL, {"as_of": str(tomorrow)})
    assert page.status_code == 422
    assert 'href="/executive"' in page.content.decode()


def test_several_currencies_offer_a_choice(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_payment(make_agency("lisboa", currency="EUR"), amount="8", paid_at=at("2026-03-02"))
    make_payment(agency, amount="9", paid_at=at("2026-03-02"))
    browser = client_as(admin)
    words = shown(browser.get(URL, {"as_of": "2026-03-10", "currency": "EUR"}).content)
    assert "€ 8,00" in words
    assert "9,00" not in words


def test_the_figures_as_csv(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_payment(agency, amount="1234.50", paid_at=at("2026-03-02"))
    answer = client_as(admin).get(URL, {"as_of": "2026-03-10", "agency": agency.slug, "format": "csv"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer["Content-Type"].startswith("text/csv")
    assert any(line.startswith("mare,overview,revenue_month,") and ",1234.50,BRL" in line for line in lines)


def test_no_script_or_style_is_in_the_page(client_as: SignIn, admin: User, agency: Agency) -> None:
    fill(agency, 3)
    html = client_as(admin).get(URL, {"as_of": "2018-03-20"}).content.decode()
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", html)


@pytest.mark.parametrize("params", [{}, {"as_of": "2018-03-20"}, {"agency": "mare"}])
def test_the_page_needs_few_queries_however_many_rows(
    client_as: SignIn, admin: User, agency: Agency, params: dict[str, str]
) -> None:
    for number in range(5):
        fill(make_agency(f"a{number}"), number)
    client = make_client(agency)
    make_contract(agency, client=client)
    make_lead(agency, outcome="won")
    browser = client_as(admin)
    browser.get(URL, params)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(URL, params).status_code == 200
    asked = [q["sql"] for q in queries if not re.match(r"(RELEASE )?SAVEPOINT", q["sql"])]
    assert len(asked) <= 10, "\n".join(sql[:120] for sql in asked)
