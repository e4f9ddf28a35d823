"""/monitoring/endpoints and /monitoring/endpoint."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from core.models import User
from monitoring import recording
from monitoring.requests import rolling
from monitoring.windows import PRESETS

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]
TABLE = "/monitoring/endpoints"
ROUTE = "/business/clients/<int:pk>"
ONE = f"/monitoring/endpoint?{urlencode({'method': 'GET', 'route': ROUTE})}"


def _fill(minutes: int = 50) -> None:
    """Requests of the last minutes: quick ones, some refused and one error."""
    recording.requests.take()
    now = timezone.now().timestamp()
    for minute in range(minutes):
        for number in range(6):
            status = 500 if (minute, number) == (7, 0) else 404 if number == 5 else 200
            recording.requests.add(ROUTE, "GET", status, 20.0 + 40 * number + minute, now - 60 * minute)
        recording.requests.add("/slow", "POST", 200, 3000.0, now - 60 * minute)
    recording.tasks.add("business.tasks.refresh", "failure", 80.0, now - 60)
    recording.flush()


@pytest.mark.parametrize("path", [TABLE, ONE])
def test_global_admin_and_operator_open_it_and_nobody_else(
    path: str, client: Client, client_as: ClientAs, make_user: Callable[..., User], agency_admin: User, operator: User
) -> None:
    _fill(2)
    assert client.get(path).status_code == 302
    assert client_as(make_user("admin")).get(path).status_code == 200
    assert client_as(make_user("operator")).get(path).status_code == 200
    for user in (agency_admin, operator, make_user("dpo"), make_user("viewer"), make_user()):
        assert client_as(user).get(path).status_code == 403


def _get(client: Client, path: str) -> str:
    client.cookies["fvdash_language"] = "en"
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode()


def test_before_anything_was_counted_nothing_is_claimed(client_as: ClientAs, admin: User) -> None:
    recording.requests.take()
    html = _get(client_as(admin), TABLE)
    assert "Nothing was counted in this window" in html


@pytest.mark.parametrize("window", PRESETS)
@pytest.mark.parametrize("rolled", [False, True])
def test_both_pages_show_what_was_counted_over_any_window(
    window: str, rolled: bool, client_as: ClientAs, admin: User
) -> None:
    _fill(10)
    if rolled:
        rolling.roll(timezone.now())
    client = client_as(admin)
    html = _get(client, f"{TABLE}?window={window}")
    assert escape(ROUTE) in html
    assert ">60<" in html
    html = _get(client, f"{ONE}&window={window}")
    assert '<tr class="critical"><th scope="row">500</th><td class="num">1</td>' in html
    assert "heat-map" in html


def test_table_sorts_and_searches(client_as: ClientAs, admin: User) -> None:
    _fill(5)
    client = client_as(admin)
    html = _get(client, f"{TABLE}?sort=-p95")
    assert html.index("<code>/slow") < html.index("<code>/business/clients")
    html = _get(client, f"{TABLE}?sort=p95")
    assert html.index("<code>/slow") > html.index("<code>/business/clients")
    html = _get(client, f"{TABLE}?q=post slow")
    assert "<code>/slow" in html
    assert "<code>/business/clients" not in html
    html = _get(client, f"{TABLE}?q=nothing-like-it")
    assert "Nothing matches" in html


def test_csv_has_every_row_and_figure(client_as: ClientAs, admin: User) -> None:
    _fill(5)
    answer = client_as(admin).get(f"{TABLE}?format=csv&sort=route")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["route"] for row in rows] == [ROUTE, "/slow"]
    assert (rows[1]["method"], rows[1]["requests"], float(rows[1]["max"])) == ("POST", "5", 3000.0)


def test_tasks_have_their_own_table(client_as: ClientAs, admin: User) -> None:
    _fill(2)
    html = _get(client_as(admin), f"{TABLE}?kind=task")
    assert "business.tasks.refresh" in html
    assert "<code>/slow" not in html


@pytest.mark.parametrize("query", ["window=3h", "from=yesterday", "sort=colour", "kind=cat", "page=0", "to=2026-01-01"])
def test_address_that_cannot_be_answered_is_refused(query: str, client_as: ClientAs, admin: User) -> None:
    assert client_as(admin).get(f"{TABLE}?{query}").status_code == 400


def test_endpoint_that_was_never_counted_is_not_found(client_as: ClientAs, admin: User) -> None:
    assert client_as(admin).get("/monitoring/endpoint?method=GET&route=/never").status_code == 404


def test_window_before_anything_says_so(client_as: ClientAs, admin: User) -> None:
    _fill(2)
    html = _get(client_as(admin), f"{ONE}&from=2026-01-01&to=2026-01-02")
    assert "Nothing was counted in this window" in html


@pytest.mark.parametrize("path", [TABLE, ONE, f"{TABLE}?window=30d", f"{ONE}&window=30d"])
def test_few_queries(
    path: str, client_as: ClientAs, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _fill(20)
    rolling.roll(timezone.now())
    client = client_as(admin)
    client.get(path)
    with django_assert_max_num_queries(10):
        client.get(path)


def test_ten_thousand_routes_are_paged(client_as: ClientAs, admin: User) -> None:
    recording.requests.take()
    now = timezone.now().timestamp()
    for number in range(10_050):
        recording.requests.add(f"/route/{number:05}", "GET", 200, 5.0 + number, now - 60)
    recording.flush()
    client = client_as(admin)
    html = _get(client, f"{TABLE}?sort=-p95")
    assert html.count("<code>/route/") == 100
    assert "10,000" in html
    assert 'rel="next"' in html
    html = _get(client, f"{TABLE}?sort=route&page=100")
    assert html.count("<code>/route/") == 100
    assert 'rel="next"' not in html


def test_partials_are_the_live_parts_alone(client_as: ClientAs, admin: User) -> None:
    _fill(2)
    client = client_as(admin)
    for path, name, tag in ((TABLE, "rows", "section"), (ONE, "live", "div")):
        headers = {"HX-Request": "true", "HX-Target": f"{tag}#{name}", "X-Poll": "1"}
        assert client.get(path, headers=headers).content.decode().lstrip().startswith(f'<{tag} id="{name}"')
