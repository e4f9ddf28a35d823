"""The OpenAPI document, and the page that is made from it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from core.models import User

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]


def test_document_is_for_anybody_who_is_signed_in(
    client: Client, client_as: ClientAs, viewer_user: User, make_token: Callable[..., str]
) -> None:
    assert client.get("/api/openapi.json").status_code == 401
    assert client_as(viewer_user).get("/api/openapi.json").status_code == 200
    token = make_token(viewer_user, "executive")
    document = client.get("/api/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()
    assert document["openapi"].startswith("3.1")
    assert "/api/jobs/{job_id}" in document["paths"]
    assert document["paths"]["/api/health"]["get"]["summary"]
    assert "/api/system/health" in document["paths"]


def test_every_operation_says_what_it_does(client_as: ClientAs, admin: User) -> None:
    paths = client_as(admin).get("/api/openapi.json").json()["paths"]
    silent = [f"{method} {path}" for path, one in paths.items() for method, op in one.items() if not op.get("summary")]
    assert not silent


def test_page_has_every_operation_of_the_document(client_as: ClientAs, admin: User) -> None:
    client = client_as(admin)
    paths = client.get("/api/openapi.json").json()["paths"]
    html = client.get("/api/docs").content.decode()
    for path in paths:
        assert f"<code>{path}</code>" in html
    assert "curl -H" in html


def test_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(client_as: ClientAs, admin: User) -> None:
    html = client_as(admin).get("/api/docs").content.decode()
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", html)


def test_signed_out_person_is_led_to_sign_in(client: Client) -> None:
    assert client.get("/api/docs").status_code == 302
