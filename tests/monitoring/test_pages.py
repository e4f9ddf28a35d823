"""/monitoring and /monitoring/schedule for those who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.models import User
from core.schedule.models import BeatRun
from monitoring import health, recording, store
from monitoring.health import Outcome, Status
from monitoring.store import Sampled

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]
PAGES = ("/monitoring", "/monitoring/schedule", "/monitoring/metrics", "/monitoring/metric?metric=cpu_pct")


@pytest.mark.parametrize("path", PAGES)
def test_global_admin_and_operator_open_it_and_nobody_else(
    path: str, client: Client, client_as: ClientAs, make_user: Callable[..., User], agency_admin: User, operator: User
) -> None:
    assert client.get(path).status_code == 302
    assert client_as(make_user("admin")).get(path).status_code == 200
    assert client_as(make_user("operator")).get(path).status_code == 200
    for user in (agency_admin, operator, make_user("dpo"), make_user("viewer"), make_user()):
        assert client_as(user).get(path).status_code == 403


def test_before_anything_was_measured_nothing_is_claimed(client_as: ClientAs, admin: User) -> None:
    recording.requests.take()  # what other tests of this process asked for
    html = client_as(admin).get("/monitoring", headers={"Accept-Language": "en"}).content.decode()
    assert html.count("plot-gap") >= 3
    assert "100,00" not in html


def _sampled(at: dt.datetime) -> None:
    store.write("a", at, [Sampled(name, 20.0) for name in ("cpu_pct", "memory_pct")])
    store.write("", at, [Sampled("db_connections", 3)])


def test_page_shows_what_was_measured(client_as: ClientAs, admin: User) -> None:
    now = timezone.now()
    down = Outcome("redis", Status.DOWN, None, "connection refused")
    health.keep([Outcome("database", Status.OK, 3.0), down, Outcome("api", Status.OK, 2.0)], now)
    _sampled(now)
    for status, ms in ((200, 20.0), (200, 40.0), (500, 900.0)):
        recording.requests.add("/business/clients", "GET", status, ms, now.timestamp() - 60)
    recording.flush()
    html = client_as(admin).get("/monitoring").content.decode()
    assert "connection refused" in html
    assert "/business/clients" in html
    assert "33,33" in html  # one of three failed
    assert "20,0" in html


def test_number_of_queries_does_not_grow(
    client_as: ClientAs, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    client = client_as(admin)
    client.get("/monitoring")
    for number in range(30):
        recording.requests.add(f"/route/{number}", "GET", 200, 5.0, now.timestamp() - 60)
    recording.flush()
    _sampled(now)
    with django_assert_max_num_queries(10):
        client.get("/monitoring")


def test_partial_is_the_live_part_alone(client_as: ClientAs, admin: User) -> None:
    headers = {"HX-Request": "true", "HX-Target": "div#live", "X-Poll": "1"}
    html = client_as(admin).get("/monitoring", headers=headers).content.decode()
    assert html.lstrip().startswith('<div id="live"')


def test_schedule_says_what_is_overdue_and_what_failed(client_as: ClientAs, admin: User) -> None:
    now = timezone.now()
    ago = now - dt.timedelta(hours=2)
    BeatRun.objects.create(
        name="outbox-sweep", last_started_at=ago, last_finished_at=ago, last_duration_ms=12, last_outcome="ok", runs=7
    )
    BeatRun.objects.create(
        name="tidy",
        last_started_at=now,
        last_finished_at=now,
        last_duration_ms=3,
        last_outcome="failed",
        last_detail="OSError: disk",
        last_failed_at=now,
        last_failure="OSError: disk",
        runs=3,
        failures=1,
    )
    client = client_as(admin)
    client.cookies["fvdash_language"] = "en"
    html = client.get("/monitoring/schedule").content.decode()
    assert "overdue by" in html
    assert "OSError: disk" in html
    assert "never yet" in html
    assert "1 failed" in html
    assert "1 overdue" in html
