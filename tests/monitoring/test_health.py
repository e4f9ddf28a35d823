"""GET /api/health and /api/system/health, while all is well and while a dependency is gone or hangs."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from core.models import User
from monitoring import health
from monitoring.health import Outcome, Runner, Status, essential, report
from monitoring.models import CheckResult, Span

FINE = [Outcome("database", Status.OK, 1.0), Outcome("redis", Status.OK, 1.0), Outcome("api", Status.OK, 1.0)]


@pytest.fixture
def served(live_server: LiveServer, settings: object) -> LiveServer:
    """The application on a real socket, where the settings say that it listens."""
    settings.HOST, settings.PORT = live_server.thread.host, live_server.thread.port  # type: ignore[attr-defined]
    return live_server


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_health_answers_without_database_session_or_redis(client: Client) -> None:
    """Without the `db` fixture any query would fail this test."""
    client.cookies["fvdash_session"] = "anything"
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "sessionid" not in answer.cookies


def test_health_answers_whatever_host_the_probe_names(client: Client) -> None:
    assert client.get("/api/health", headers={"Host": "10.1.2.3:3000"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_first_call_makes_the_first_round_and_keeps_it(served: LiveServer, client: Client) -> None:
    answer = client.get("/api/system/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    found = {line["name"]: line for line in body["checks"]}
    assert {name: line["status"] for name, line in found.items()} == {
        "database": "ok",
        "redis": "ok",
        "api": "ok",
        "meta": "not_configured",
        "google": "not_configured",
        "whatsapp": "not_configured",
    }
    assert found["database"]["latency_ms"] > 0
    assert found["database"]["checked_at"].endswith("Z")
    assert found["whatsapp"]["checked_at"] is None
    assert CheckResult.objects.count() == 3
    assert Span.objects.filter(name="", status="ok").count() == 1


@pytest.mark.django_db(transaction=True)
def test_fresh_results_are_answered_without_a_new_round(client: Client) -> None:
    health.keep(FINE, timezone.now() - dt.timedelta(seconds=80))
    answer = client.get("/api/system/health")
    assert answer.status_code == 200
    assert CheckResult.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_stale_results_are_not_believed(client: Client, settings: object) -> None:
    settings.PORT = _closed_port()  # type: ignore[attr-defined]
    health.keep(FINE, timezone.now() - dt.timedelta(seconds=91))
    answer = client.get("/api/system/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"


@pytest.mark.django_db(transaction=True)
def test_fresh_results_do_not_hide_that_redis_has_gone(served: LiveServer, client: Client, settings: object) -> None:
    health.keep(FINE, timezone.now())
    settings.REDIS_URL = f"redis://127.0.0.1:{_closed_port()}/0"  # type: ignore[attr-defined]
    answer = client.get("/api/system/health")
    assert answer.status_code == 503
    assert {line["name"]: line["status"] for line in answer.json()["checks"]}["redis"] == "down"


@pytest.mark.django_db(transaction=True)
def test_what_came_back_is_not_down_until_the_next_round(served: LiveServer, client: Client) -> None:
    health.keep([*FINE[:2], Outcome("api", Status.DOWN)], timezone.now() - dt.timedelta(seconds=6))
    assert client.get("/api/system/health").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_details_are_for_signed_in_callers_only(
    admin: User, make_token: Callable[..., str], client_as: Callable[[User], Client]
) -> None:
    bad = [
        Outcome("database", Status.OK, 1.0),
        Outcome("redis", Status.OK, 1.0),
        Outcome("api", Status.DOWN, None, "refused"),
    ]
    health.keep(bad, timezone.now())

    def detail(client: Client, **headers: str) -> str | None:
        lines = client.get("/api/system/health", headers=headers).json()["checks"]
        found: str | None = next(line["detail"] for line in lines if line["name"] == "api")
        return found

    assert detail(Client()) is None
    assert detail(client_as(admin)) == "refused"
    assert detail(Client(), Authorization=f"Bearer {make_token(admin)}") == "refused"
    assert detail(Client(), Authorization="Bearer made-up") is None
    forged = Client()
    forged.cookies["fvdash_session"] = "made-up"
    assert detail(forged) is None


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_database_that_refuses_is_503_and_no_crash(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(report, "kept", refuse)
    monkeypatch.setattr(
        health.runner, "_asks", {"database": refuse, "redis": lambda timeout: None, "api": lambda timeout: None}
    )
    client.cookies["fvdash_session"] = "of somebody"
    answer = client.get("/api/system/health")
    assert answer.status_code == 503
    assert {line["name"]: line["status"] for line in answer.json()["checks"]}["database"] == "down"


def test_redis_that_hangs_is_503_within_its_time(black_hole: int, settings: object) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{black_hole}/0"  # type: ignore[attr-defined]
    runner = Runner({"redis": essential.redis_server}, timeout=0.2)
    started = time.monotonic()
    (outcome,) = runner.run()
    assert outcome.status is Status.DOWN
    assert time.monotonic() - started < 2


def test_api_that_takes_the_connection_and_is_silent_is_down(black_hole: int, settings: object) -> None:
    settings.HOST, settings.PORT = "127.0.0.1", black_hole  # type: ignore[attr-defined]
    (outcome,) = Runner({"api": essential.api}, timeout=0.2).run()
    assert outcome.status is Status.DOWN
    assert outcome.detail


def test_check_that_still_hangs_is_not_started_again() -> None:
    calls: list[float] = []
    release = threading.Event()

    def hang(timeout: float) -> None:
        calls.append(timeout)
        release.wait(10)

    runner = Runner({"database": hang}, timeout=0.05)
    first, second = runner.run(), runner.run()
    release.set()
    assert [one.status for one in (*first, *second)] == [Status.DOWN, Status.DOWN]
    assert len(calls) == 1


def test_checks_run_beside_each_other() -> None:
    together = threading.Barrier(3, timeout=5)

    def meet(timeout: float) -> None:
        together.wait()

    asks = dict.fromkeys(("database", "redis", "api"), meet)
    assert {one.status for one in Runner(asks).run()} == {Status.OK}


def test_kept_results_that_hang_are_not_waited_for(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    release = threading.Event()
    monkeypatch.setattr(report, "READ_S", 0.05)
    monkeypatch.setattr(report, "kept", lambda now: release.wait(10))
    monkeypatch.setattr(report, "keep", lambda outcomes, at: None)
    monkeypatch.setattr(report, "reader", report.Reader())
    monkeypatch.setattr(health.runner, "_asks", dict.fromkeys(health.ESSENTIAL, lambda timeout: None))
    answer = client.get("/api/system/health")
    release.set()
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, "ok"),
        ({"redis": Status.DEGRADED}, "degraded"),
        ({"redis": Status.DOWN}, "down"),
        ({"whatsapp": Status.NOT_CONFIGURED}, "ok"),
        ({"whatsapp": Status.UNKNOWN}, "ok"),
        ({"whatsapp": Status.DOWN}, "degraded"),
        ({"database": Status.UNKNOWN}, "degraded"),
    ],
)
def test_whole_is_as_bad_as_what_the_product_needs(found: dict[str, Status], expected: str) -> None:
    statuses = {"database": Status.OK, "redis": Status.OK, "api": Status.OK} | found
    assert health.overall([Outcome(name, status) for name, status in statuses.items()]) == expected


@pytest.mark.django_db
def test_rounds_of_one_outcome_are_one_span_and_a_pause_is_a_gap() -> None:
    start = timezone.now() - dt.timedelta(hours=1)
    for seconds in (0, 30, 60):
        health.keep(FINE, start + dt.timedelta(seconds=seconds))
    health.keep([*FINE[:2], Outcome("api", Status.DOWN)], start + dt.timedelta(seconds=90))
    health.keep(FINE, start + dt.timedelta(seconds=600))
    spans = [
        (one.status, (one.since - start).total_seconds(), (one.until - start).total_seconds())
        for one in Span.objects.filter(name="").order_by("since")
    ]
    assert spans == [("ok", 0, 90), ("down", 90, 180), ("ok", 600, 690)]
