"""Whatever fails under /api/ is RFC 9457 problem+json, whoever noticed it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from core.models import Agency, User

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]


def _is_problem(answer: object, status: int) -> dict[str, object]:
    assert answer.status_code == status  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/problem+json"  # type: ignore[index]
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert {"type", "title", "status", "detail", "instance", "request_id", "errors"} <= set(body)
    assert body["status"] == status
    assert body["request_id"] == answer["X-Request-ID"]  # type: ignore[index]
    return body


@pytest.mark.parametrize("path", ["/api/nothing", "/api/jobs/not-an-id", "/api/", "/api/jobs/"])
def test_unknown_path_is_404(path: str, client: Client, client_as: ClientAs, admin: User) -> None:
    _is_problem(client_as(admin).get(path), 404)
    _is_problem(client.get(path), 404)


def test_other_method_is_405_that_says_which(client_as: ClientAs, admin: User) -> None:
    answer = client_as(admin).delete("/api/jobs/01980000-0000-7000-8000-000000000000")
    body = _is_problem(answer, 405)
    assert "GET" in answer["Allow"]
    assert "GET" in str(body["detail"])


def test_nobody_is_401_and_not_sent_to_a_page(client: Client) -> None:
    answer = client.get("/api/jobs/01980000-0000-7000-8000-000000000000")
    _is_problem(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer made-up", "Basic YTpi", "Bearer"])
def test_credential_that_is_none_is_401(header: str, client: Client) -> None:
    answer = client.get("/api/jobs/01980000-0000-7000-8000-000000000000", headers={"Authorization": header})
    _is_problem(answer, 401)


def test_session_without_csrf_token_is_403(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    answer = client.post("/api/jobs/01980000-0000-7000-8000-000000000000/cancel")
    assert "CSRF" in str(_is_problem(answer, 403)["detail"])


def test_token_needs_no_csrf(admin: User, make_token: Callable[..., str]) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/api/jobs/01980000-0000-7000-8000-000000000000/cancel",
        headers={"Authorization": f"Bearer {make_token(admin)}"},
    )
    _is_problem(answer, 404)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream", ""])
@pytest.mark.parametrize("way", ["token", "session"])
def test_a_body_that_is_not_json_is_415_that_says_what_to_send(
    way: str, kind: str, admin: User, client_as: ClientAs, make_token: Callable[..., str]
) -> None:
    client = client_as(admin) if way == "session" else Client()
    headers = {} if way == "session" else {"Authorization": f"Bearer {make_token(admin)}"}
    for path in ("/api/business/agencies", "/api/jobs/01980000-0000-7000-8000-000000000000/cancel"):
        answer = client.post(path, '{"slug": "a", "name": "A"}', content_type=kind, headers=headers)
        assert "application/json" in str(_is_problem(answer, 415)["detail"])
    assert not Agency.objects.filter(slug="a").exists()
    for kind_of_json in ("application/json; charset=utf-8", "application/merge-patch+json"):
        slug = kind_of_json[-4:].strip("+-")
        body = json.dumps({"slug": f"a{slug}", "name": "A"})
        answer = client.post("/api/business/agencies", body, content_type=kind_of_json, headers=headers)
        assert answer.status_code == 201, answer.content


def test_a_form_is_415_in_a_session_too(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    client.get("/")
    client.get("/executive")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value} if "csrftoken" in client.cookies else {}
    for body in ({"slug": "a", "name": "A"}, {}):
        _is_problem(client.post("/api/business/agencies", body, headers=headers), 415)


def test_nobodys_body_is_401_first(client: Client) -> None:
    _is_problem(client.post("/api/business/agencies", "a=1", content_type="text/plain"), 401)


def test_host_that_is_not_ours_is_400(client: Client) -> None:
    _is_problem(client.get("/api/openapi.json", headers={"Host": "evil.example"}), 400)
