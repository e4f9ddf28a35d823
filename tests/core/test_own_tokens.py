"""One's own API tokens on their page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.models import ApiToken, AuditEvent, Event, User
from core.people.viewers import digest

pytestmark = pytest.mark.django_db
PAGE = "/account/tokens"
As = Callable[[User], Client]


def make(client: Client, **form: object) -> str:
    answer = client.post(PAGE, {"name": "Power BI", "days": "90"} | form)
    assert answer.status_code == 201
    found = re.search(r'id="secret-value"[^>]*>([^<]+)<', answer.content.decode())
    assert found
    return found[1]


def test_a_new_token_is_shown_once_and_works(client_as: As, admin: User) -> None:
    client = client_as(admin)
    secret = make(client, scopes=["business"])
    assert secret not in client.get(PAGE).content.decode()
    token = ApiToken.objects.get()
    assert (token.digest, token.scopes) == (digest(secret), ["business"])
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    answer = Client().get("/api/business/clients", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


def test_making_and_revoking_is_audited_and_told_without_the_secret(client_as: As, admin: User) -> None:
    client = client_as(admin)
    secret = make(client)
    client.post(f"{PAGE}/{ApiToken.objects.get().pk}/revoke")
    events = AuditEvent.objects.filter(resource_type="api_token", action="permission_change")
    assert [event.actor_id for event in events] == [admin.pk, admin.pk]
    assert all(secret not in str(event.diff) and digest(secret) not in str(event.diff) for event in events)
    assert set(Event.objects.values_list("type", flat=True)) >= {"api_token.created", "api_token.revoked"}
    refused = Client().get("/api/business/clients", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401


def test_only_scopes_of_the_own_roles_are_on_offer(client_as: As, viewer_user: User) -> None:
    client = client_as(viewer_user)
    page = client.get(PAGE).content.decode()
    assert 'value="business"' in page
    assert 'value="business:write"' not in page
    answer = client.post(PAGE, {"name": "x", "scopes": ["people"], "days": ""})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_token_without_a_name_is_refused_by_field(client_as: As, admin: User) -> None:
    answer = client_as(admin).post(PAGE, {"name": " ", "days": "30"})
    assert answer.status_code == 422
    assert 'href="#id_name"' in answer.content.decode()


def test_tokens_of_others_are_neither_shown_nor_revoked(
    client_as: As, viewer_user: User, admin: User, make_token: Callable[..., str]
) -> None:
    make_token(admin)
    token = ApiToken.objects.get()
    client = client_as(viewer_user)
    assert token.prefix not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}/{token.pk}/revoke").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_page_takes_at_most_ten_queries(
    client_as: As, admin: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(150):
        ApiToken.objects.create(user=admin, name=f"t{number}", prefix=f"p{number}", digest=str(number))
    client = client_as(admin)
    client.get(PAGE)
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        assert client.get(PAGE).status_code == 200


def test_the_answer_with_the_secret_is_kept_by_no_cache(client_as: As, admin: User) -> None:
    answer = client_as(admin).post(PAGE, {"name": "t", "days": "30"})
    assert "no-store" in answer["Cache-Control"]


def test_an_expired_token_says_so_and_opens_nothing(client_as: As, admin: User) -> None:
    client = client_as(admin)
    secret = make(client)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "expirado" in client.get(PAGE).content.decode()
    refused = Client().get("/api/business/clients", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401


@pytest.mark.parametrize("form", [{"name": "x" * 101}, {"days": "-1"}, {"days": "x"}, {"scopes": ["everything"]}])
def test_wrong_input_makes_nothing(client_as: As, admin: User, form: dict[str, str]) -> None:
    answer = client_as(admin).post(PAGE, {"name": "t", "days": "30"} | form)
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_token_makes_no_other_token(admin: User, make_token: Callable[..., str]) -> None:
    answer = Client().post(PAGE, {"name": "t"}, headers={"Authorization": f"Bearer {make_token(admin)}"})
    assert answer.status_code == 302
    assert ApiToken.objects.count() == 1


def test_the_form_needs_the_csrf_token(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(PAGE, {"name": "t", "days": "30"}).status_code == 403
    assert not ApiToken.objects.exists()
