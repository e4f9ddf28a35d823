"""Meta, WhatsApp and Google: asked really, on a real socket, and their own errors told apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.configuration.environment import load
from core.models import User
from monitoring import health
from monitoring.health import Outcome, Runner, Status, outside
from tests.fakes.graph import ACCOUNT, PHONE, TOKEN, VERSION, FakeGraph, graph_error
from tests.fakes.oidc import FakeOIDC
from tests.fakes.web import Reply

ESSENTIAL = [Outcome(name, Status.OK, 1.0) for name in health.ESSENTIAL]


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph().running() as running:
        yield running


@pytest.fixture
def configured(graph: FakeGraph, settings: Any) -> FakeGraph:
    settings.ENV = load(graph.environment())
    return graph


def ask(*names: str, timeout: float = 5.0) -> dict[str, Outcome]:
    asks = outside.configured()
    return {one.name: one for one in Runner({name: asks[name] for name in names}, timeout).run()}


def test_nothing_configured_is_nothing_asked(settings: Any) -> None:
    settings.ENV = load({})
    assert outside.configured() == {}
    lines = {one.name: one.status for one in health.report_of(ESSENTIAL, {}).checks}
    assert {lines[name] for name in health.OUTSIDE} == {Status.NOT_CONFIGURED}


def test_token_alone_asks_meta_and_not_whatsapp(graph: FakeGraph, settings: Any) -> None:
    settings.ENV = load({"WHATSAPP_ACCESS_TOKEN": TOKEN, "WHATSAPP_API_BASE": graph.url})
    assert set(outside.configured()) == {"meta"}
    assert ask("meta")["meta"].status is Status.OK
    assert graph.seen[0].path == f"/{VERSION}/me"


def test_account_and_number_are_asked_on_the_token(configured: FakeGraph) -> None:
    found = ask("meta", "whatsapp")
    assert {one.status for one in found.values()} == {Status.OK}
    assert all((one.latency_ms or 0) > 0 for one in found.values())
    assert {one.path for one in configured.seen} == {f"/{VERSION}/{ACCOUNT}", f"/{VERSION}/{PHONE}"}
    assert {one.headers["Authorization"] for one in configured.seen} == {f"Bearer {TOKEN}"}
    assert all(TOKEN not in one.path + one.query for one in configured.seen)


@pytest.mark.parametrize(
    ("status", "error", "expected", "reason", "words"),
    [
        (401, graph_error(190, "Session has expired", 463), Status.DOWN, "token", "Graph 190/463: Session has expired"),
        (400, graph_error(190, "Malformed access token"), Status.DOWN, "token", "Graph 190"),
        (400, graph_error(100, "Unsupported get request", 33), Status.DOWN, "refused", "Graph 100/33"),
        (403, graph_error(200, "Requires permission"), Status.DOWN, "refused", "Graph 200"),
        (400, graph_error(80007, "Rate limit issues"), Status.DEGRADED, "limited", "Graph 80007"),
        (429, graph_error(130429, "Rate limit hit"), Status.DEGRADED, "limited", "Graph 130429"),
        (503, graph_error(131016, "Service unavailable"), Status.DOWN, "failing", "Graph 131016"),
        (500, graph_error(2, "Service temporarily unavailable"), Status.DOWN, "failing", "Graph 2"),
        (502, "<html>Bad Gateway</html>", Status.DOWN, "failing", "HTTP 502"),
        (429, "slow down", Status.DEGRADED, "limited", "HTTP 429"),
        (200, "<html>Sign in to the hotel's network</html>", Status.DOWN, "unexpected", "no JSON object"),
        (200, [1, 2], Status.DOWN, "unexpected", "no JSON object"),
        (302, "", Status.DOWN, "unexpected", "HTTP 302"),
        (401, {"unknown": "form"}, Status.DOWN, "token", "HTTP 401"),
        (400, {"error": {"code": "text", "message": None}}, Status.DOWN, "refused", "Graph 0"),
    ],
)
def test_each_error_of_graph_is_told_apart(
    configured: FakeGraph, status: int, error: Any, expected: Status, reason: str, words: str
) -> None:
    configured.fails(status, error)
    found = ask("whatsapp")["whatsapp"]
    assert (found.status, found.reason) == (expected, reason)
    assert words in found.detail
    assert found.latency_ms is not None


def test_number_that_meta_rates_red_is_degraded(configured: FakeGraph) -> None:
    configured.fails(200, {"id": PHONE, "quality_rating": "RED"})
    found = ask("whatsapp")["whatsapp"]
    assert (found.status, found.detail) == (Status.DEGRADED, "quality_rating RED")


def test_graph_that_hangs_is_a_time_out_and_delays_nobody_else(configured: FakeGraph) -> None:
    configured.hangs()
    found = ask("meta", "whatsapp", timeout=0.3)
    assert {(one.status, one.reason) for one in found.values()} == {(Status.DOWN, "timeout")}
    assert {one.latency_ms for one in found.values()} == {None}


def test_graph_that_is_not_there_is_unreachable(configured: FakeGraph, settings: Any) -> None:
    settings.ENV = load({**configured.environment(), "WHATSAPP_API_BASE": "http://127.0.0.1:1"})
    found = ask("meta")["meta"]
    assert (found.status, found.reason) == (Status.DOWN, "unreachable")
    assert "connection refused" in found.detail


def test_answer_that_repeats_the_token_is_kept_without_it(configured: FakeGraph) -> None:
    configured.fails(401, graph_error(190, f"Token {TOKEN} of ana@example.com has expired"))
    detail = ask("meta")["meta"].detail
    assert TOKEN not in detail
    assert "ana@example.com" not in detail


def test_answer_without_end_is_not_read(configured: FakeGraph) -> None:
    configured.fails(200, b"{" + b" " * 200_000)
    assert ask("meta")["meta"].status is Status.DOWN


def _provider(server_url: str, name: str = "google") -> str:
    one = {"id": name, "name": "Google", "server_url": server_url, "client_id": "c", "secret": "s"}
    return json.dumps([one])


def test_google_is_its_single_sign_on(settings: Any) -> None:
    settings.ENV = load({"FVDASH_OIDC": _provider("https://accounts.google.com", "g-suite")})
    assert outside.google_address() == "https://accounts.google.com/.well-known/openid-configuration"
    settings.ENV = load({"FVDASH_OIDC": _provider("https://login.example.org", "keycloak")})
    assert outside.google_address() is None


def test_google_without_its_discovery_document_is_down(settings: Any) -> None:
    with FakeOIDC().running() as provider:
        settings.ENV = load({"FVDASH_OIDC": _provider(provider.url)})
        assert ask("google")["google"].status is Status.OK
        settings.ENV = load({"FVDASH_OIDC": _provider(f"{provider.url}/elsewhere")})
        found = ask("google")["google"]
        assert (found.status, found.reason) == (Status.DOWN, "refused")


@pytest.mark.django_db(transaction=True)
def test_expired_token_degrades_the_product_and_says_so_to_its_people(
    configured: FakeGraph, client: Client, admin: User, client_as: Callable[[User], Client]
) -> None:
    configured.failure = Reply(401, graph_error(190, "Session has expired", 463))
    health.keep([*ESSENTIAL, *ask("meta", "whatsapp").values()], timezone.now())
    answer = client.get("/api/system/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    found = {line["name"]: line for line in client_as(admin).get("/api/system/health").json()["checks"]}
    assert found["whatsapp"]["status"] == "down"
    assert found["whatsapp"]["detail"] == "our token is refused: Graph 190/463: Session has expired"
    assert found["google"]["status"] == "not_configured"
    assert "Session has expired" in client_as(admin).get("/monitoring").content.decode()


@pytest.mark.django_db(transaction=True)
def test_configured_and_not_asked_yet_is_not_known(configured: FakeGraph, client: Client) -> None:
    health.keep(ESSENTIAL, timezone.now())
    answer = client.get("/api/system/health")
    assert answer.json()["status"] == "ok"
    assert {line["name"]: line["status"] for line in answer.json()["checks"]}["meta"] == "unknown"
