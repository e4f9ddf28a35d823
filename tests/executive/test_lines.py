"""The small lines of the tiles: asked for by the page itself, kept, and never another scope's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Agency, User
from tests.business.factories import at, make_answer, make_project

pytestmark = pytest.mark.django_db
URL = "/executive"
ASKING = 'hx-trigger="load"'
LINE = "Projetos ativos em 30 dias: de"
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_page_stands_without_lines_and_asks_for_them(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_project(agency, created_at=at("2026-01-02"))
    browser = client_as(admin)
    page = text(browser.get(URL, {"as_of": "2026-03-10"}))
    assert ASKING in page
    assert LINE not in page
    part = text(browser.get(URL, {"as_of": "2026-03-10", "lines": "1"}, headers={"HX-Request": "true"}))
    assert f"{LINE} 1 a 1" in part
    assert ASKING not in part


def test_kept_lines_are_drawn_at_once_within_ten_queries(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_project(agency, created_at=at("2026-01-02"))
    browser = client_as(admin)
    browser.get(URL, {"as_of": "2026-03-10", "lines": "1"})
    with CaptureQueriesContext(connection) as queries:
        page = text(browser.get(URL, {"as_of": "2026-03-10"}))
    assert LINE in page
    assert len(queries) <= 10


def test_lines_of_one_agency_are_not_those_of_another(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    make_project(agency, created_at=at("2026-01-02"))
    browser = client_as(admin)
    browser.get(URL, {"as_of": "2026-03-10", "agency": agency.slug, "lines": "1"})
    page = text(browser.get(URL, {"as_of": "2026-03-10", "agency": other_agency.slug}))
    assert LINE not in page
    assert ASKING in page


def test_a_figure_known_for_one_day_has_no_line(client_as: SignIn, admin: User, agency: Agency) -> None:
    make_answer(agency, answered_at=at("2026-03-10"), score=4)
    browser = client_as(admin)
    assert "Satisfação em 30 dias: de" not in text(browser.get(URL, {"as_of": "2026-03-10", "lines": "1"}))
    # A day later it is known for two.
    assert "Satisfação em 30 dias: de" in text(browser.get(URL, {"as_of": "2026-03-11", "lines": "1"}))


def test_an_empty_installation_draws_none_and_stops_asking(client_as: SignIn, admin: User) -> None:
    browser = client_as(admin)
    assert ASKING not in text(browser.get(URL, {"lines": "1"}))
    assert ASKING not in text(browser.get(URL))
