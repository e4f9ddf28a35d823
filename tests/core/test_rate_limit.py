"""The limit of /api/*: who shares a quota, what callers are told, and what has none."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from django.test import Client

from core.configuration.environment import Rate
from core.models import User

pytestmark = pytest.mark.django_db
PATH = "/api/openapi.json"


@pytest.fixture(autouse=True)
def _three_calls(settings: object) -> None:
    settings.API_LIMIT = Rate(3, 60)  # type: ignore[attr-defined]


def _statuses(client: Client, count: int, path: str = PATH, **headers: str) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(count)]


def test_fourth_call_is_a_429_problem_that_says_when(client_as: Callable[[User], Client], admin: User) -> None:
    client = client_as(admin)
    assert _statuses(client, 3) == [200, 200, 200]
    answer = client.get(PATH)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Too many requests"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["RateLimit"].startswith('"api";r=0;t=')


def test_every_answer_tells_quota_and_what_is_left(client_as: Callable[[User], Client], admin: User) -> None:
    answer = client_as(admin).get(PATH)
    assert answer["RateLimit-Policy"] == '"api";q=3;w=60'
    assert answer["RateLimit"] == '"api";r=2;t=60'


def test_each_token_and_each_session_has_its_own_quota(
    admin: User, make_token: Callable[..., str], client_as: Callable[[User], Client]
) -> None:
    first, second = make_token(admin), make_token(admin)
    assert _statuses(Client(), 4, Authorization=f"Bearer {first}") == [200, 200, 200, 429]
    assert _statuses(Client(), 3, Authorization=f"Bearer {second}") == [200, 200, 200]
    assert _statuses(client_as(admin), 4) == [200, 200, 200, 429]
    assert _statuses(client_as(admin), 3) == [200, 200, 200]


def test_callers_without_credentials_share_their_address() -> None:
    assert _statuses(Client(REMOTE_ADDR="198.51.100.1"), 4) == [401, 401, 401, 429]
    assert _statuses(Client(REMOTE_ADDR="198.51.100.2"), 1) == [401]


def test_made_up_tokens_do_not_buy_new_quotas(admin: User, make_token: Callable[..., str]) -> None:
    caller = Client(REMOTE_ADDR="198.51.100.3")
    guesses = [caller.get(PATH, headers={"Authorization": f"Bearer guess-{number}"}).status_code for number in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    elsewhere = Client(REMOTE_ADDR="198.51.100.4")
    assert _statuses(elsewhere, 1, Authorization=f"Bearer {make_token(admin)}") == [200]


def test_spoofed_forwarding_header_does_not_buy_a_new_quota() -> None:
    caller = Client(REMOTE_ADDR="198.51.100.5")
    answers = [caller.get(PATH, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(4)]
    assert answers == [401, 401, 401, 429]


def test_health_and_pages_have_no_limit(client_as: Callable[[User], Client], admin: User) -> None:
    client = client_as(admin)
    assert _statuses(client, 8, "/api/health") == [200] * 8
    assert "RateLimit-Policy" not in client.get("/api/health")
    assert 429 not in _statuses(client, 8, "/monitoring")


def test_without_redis_the_api_answers_and_says_that_nothing_is_enforced(
    client_as: Callable[[User], Client], admin: User, settings: object
) -> None:
    client = client_as(admin)
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"  # type: ignore[attr-defined]
    answers = [client.get(PATH) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[0]["RateLimit-Policy"] == '"api";q=3;w=60;enforced=?0'
    assert "RateLimit" not in answers[0]
