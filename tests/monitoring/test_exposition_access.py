"""Who may have GET /metrics, and what comes of it when the database is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client

from core.models import Agency, User
from monitoring import recording
from monitoring.exposition import answer
from monitoring.exposition.bounded import Bounded, Silent

MakeToken = Callable[..., str]
FAR: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}


def asked_with(token: str, **extra: Any) -> Any:
    return Client(**FAR).get("/metrics", headers={"Authorization": f"Bearer {token}"}, **extra)


@pytest.mark.django_db
@pytest.mark.usefixtures("at_once")
class TestAccess:
    def test_global_admin_and_operator_by_token(self, make_user: Any, make_token: MakeToken) -> None:
        for role in ("admin", "operator"):
            user = make_user(role)
            assert asked_with(make_token(user)).status_code == 200
            assert asked_with(make_token(user, "monitoring")).status_code == 200

    def test_token_without_the_scope_is_told_which(self, admin: User, make_token: MakeToken) -> None:
        refused = asked_with(make_token(admin, "business"))
        assert refused.status_code == 403
        assert 'scope="monitoring"' in refused["WWW-Authenticate"]
        assert b"fvdash_" not in refused.content

    @pytest.mark.parametrize("role", ["admin", "operator", "dpo", "viewer"])
    def test_roles_of_an_agency_are_refused(
        self, role: str, agency: Agency, make_user: Any, make_token: MakeToken
    ) -> None:
        assert asked_with(make_token(make_user(role, agency))).status_code == 403

    @pytest.mark.parametrize("role", ["dpo", "viewer", None])
    def test_global_roles_that_do_not_open_monitoring_are_refused(
        self, role: str | None, make_user: Any, make_token: MakeToken
    ) -> None:
        assert asked_with(make_token(make_user(role))).status_code == 403

    def test_unknown_revoked_and_malformed_credentials_are_401(self, admin: User, make_token: MakeToken) -> None:
        from django.utils import timezone

        from core.models import ApiToken

        token = make_token(admin)
        ApiToken.objects.update(revoked_at=timezone.now())
        for header in (f"Bearer {token}", "Bearer made-up", "Bearer ", "Bearer", "Basic YTpi", ""):
            refused = Client(**FAR).get("/metrics", headers={"Authorization": header})
            assert refused.status_code == 401, header
            assert refused["WWW-Authenticate"].startswith("Bearer")

    def test_wrong_credential_is_401_from_the_loopback_too(self) -> None:
        assert Client().get("/metrics", headers={"Authorization": "Bearer made-up"}).status_code == 401

    def test_far_away_without_token_is_401_and_no_redirect(self) -> None:
        refused = Client(**FAR).get("/metrics")
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"].startswith("Bearer")
        assert "Location" not in refused

    def test_session_opens_nothing(self, admin: User, client_as: Callable[[User], Client]) -> None:
        assert client_as(admin).get("/metrics", **FAR).status_code == 401

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])
    def test_loopback_needs_no_token(self, address: str) -> None:
        assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "X-Forwarded-Host",
            "X-Forwarded-Server",
            "Forwarded",
            "X-Real-IP",
            "Via",
        ],
    )
    @pytest.mark.parametrize("trusted", [(), ("127.0.0.0/8",)])
    def test_loopback_through_a_proxy_needs_one(
        self, header: str, trusted: tuple[str, ...], admin: User, make_token: MakeToken, settings: Any
    ) -> None:
        settings.TRUSTED_PROXIES = trusted
        assert Client().get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
        token = {"Authorization": f"Bearer {make_token(admin)}"}
        assert Client().get("/metrics", headers={header: "127.0.0.1", **token}).status_code == 200

    def test_unknown_address_is_not_the_loopback(self) -> None:
        assert Client(REMOTE_ADDR="").get("/metrics").status_code == 401

    def test_name_that_somebody_pointed_at_the_loopback_is_not_ours(self, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
        assert Client().get("/metrics", headers={"Host": "evil.example"}).status_code == 401
        assert Client().get("/metrics", headers={"Host": "localhost:3000"}).status_code == 200

    def test_figures_of_the_agencies_are_for_who_may_see_them_all(
        self, make_user: Any, make_token: MakeToken, client_as: Callable[[User], Client]
    ) -> None:
        admin, operator = make_user("admin"), make_user("operator")
        client_as(admin).get("/configuration")

        def sees(token: str) -> bool:
            return b"fvdash_active_users_30d" in asked_with(token).content

        assert sees(make_token(admin))
        assert sees(make_token(admin, "monitoring", "executive"))
        assert not sees(make_token(admin, "monitoring"))
        assert not sees(make_token(operator))

    def test_head_is_as_get_without_a_body(self) -> None:
        head = Client().head("/metrics")
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Type"].startswith("text/plain; version=0.0.4")

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_other_methods_are_405(self, method: str) -> None:
        refused = Client(enforce_csrf_checks=True).generic(method, "/metrics")
        assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD")

    def test_limit_is_its_own_and_leaves_the_api_alone(self, settings: Any) -> None:
        settings.API_LIMIT = settings.API_LIMIT.__class__(1, 60)
        for _ in range(3):
            answered = Client().get("/metrics")
        assert answered.status_code == 200
        assert answered["RateLimit-Policy"] == '"metrics";q=120;w=60'

    def test_nothing_of_a_session_is_touched(self) -> None:
        client = Client()
        client.cookies["fvdash_session"] = "anything"
        answered = client.get("/metrics")
        assert answered.status_code == 200
        assert not answered.cookies


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(CursorWrapper, "execute", refuse)


@pytest.mark.django_db
@pytest.mark.usefixtures("no_database")
def test_without_database_it_is_503_in_one_line_and_the_counts_wait() -> None:
    recording.requests.add("/a", "GET", 200, 5.0)
    answered = Client().get("/metrics")
    assert (answered.status_code, answered["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert answered.content == b"The database does not answer.\n"
    assert answered["Cache-Control"] == "no-store"
    assert "connection refused" not in answered.content.decode()
    with pytest.raises(OperationalError):
        recording.flush()
    assert any(route == "/a" for _minute, _kind, _method, route, _status in recording.requests.take())


def test_database_that_hangs_costs_the_patience_and_nothing_stacks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question hangs; those who come meanwhile are answered at once."""
    release = threading.Event()
    asked: list[str | None] = []
    bounded = Bounded(0.2)
    monkeypatch.setattr(answer, "database", bounded)

    def hang(token: str | None) -> None:
        asked.append(token)
        release.wait(30)

    monkeypatch.setattr(answer, "_read", hang)
    try:
        answers = [Client().get("/metrics") for _ in range(3)]
    finally:
        release.set()
    assert [one.status_code for one in answers] == [503, 503, 503]
    assert len(asked) == 1


def test_what_is_no_failure_of_the_database_is_not_called_one() -> None:
    with pytest.raises(ZeroDivisionError):
        Bounded(5).ask(lambda: 1 / 0)
    with pytest.raises(Silent):
        Bounded(5).ask(lambda: (_ for _ in ()).throw(OperationalError("away")))


@pytest.mark.django_db(transaction=True)
def test_answers_over_its_real_thread_and_counts_what_was_committed() -> None:
    recording.requests.add("/a", "GET", 200, 5.0)
    recording.flush()
    began = time.monotonic()
    answered = Client().get("/metrics")
    assert time.monotonic() - began < answer.PATIENCE_S
    assert b'fvdash_requests_total{method="GET",route="/a",status="200"} 1.0' in answered.content
