"""API tokens: from the command line, their limits, and their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone, translation

from core.models import ApiToken, AuditEvent, User
from core.people import Area
from core.people.viewers import viewer_of_token
from tests.fixtures import MakeUser

pytestmark = pytest.mark.django_db
OPEN_TO_ALL = "/api/openapi.json"


def _create(user: User, *options: str) -> str:
    out = StringIO()
    call_command("api_token", "create", "--email", user.email, "--name", "t", *options, stdout=out)
    return out.getvalue().strip()


def _status(token: str, path: str = OPEN_TO_ALL) -> int:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def test_command_prints_the_token_alone_and_keeps_its_hash_only(admin: User) -> None:
    token = _create(admin)
    assert token.startswith("fvd_")
    assert len(token.split()) == 1
    assert _status(token) == 200
    kept = ApiToken.objects.get(user=admin)
    assert token not in str(kept.__dict__)
    assert token not in str(list(AuditEvent.objects.values_list("diff", flat=True)))


def test_token_is_limited_to_its_scopes(admin: User) -> None:
    token = _create(admin, "--scope", "business")
    viewer = viewer_of_token(token)
    assert viewer is not None
    assert viewer.may(Area.BUSINESS)
    assert not viewer.may(Area.BUSINESS_WRITE)
    assert not viewer.may(Area.EXECUTIVE)
    writer = viewer_of_token(_create(admin, "--scope", "business:write"))
    assert writer is not None
    assert writer.may(Area.BUSINESS)
    assert writer.may(Area.BUSINESS_WRITE)


def test_scope_gives_nothing_that_the_person_lacks(make_user: MakeUser) -> None:
    viewer = viewer_of_token(_create(make_user("viewer"), "--scope", "executive"))
    assert viewer is not None
    assert not viewer.may(Area.EXECUTIVE)


@pytest.mark.parametrize("options", [("--scope", "everything"), ("--days", "-1")])
def test_wrong_option_is_told_and_makes_nothing(admin: User, options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        _create(admin, *options)
    assert not ApiToken.objects.exists()


def test_command_speaks_english_whatever_the_installation_does(admin: User) -> None:
    with translation.override("pt-br"), pytest.raises(CommandError, match="everything is no scope"):
        _create(admin, "--scope", "everything")


def test_unknown_person_is_told(db: None) -> None:
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("api_token", "create", "--email", "who@example.com", "--name", "t")


def test_revoked_and_expired_tokens_are_refused(admin: User) -> None:
    revoked, expired = _create(admin), _create(admin, "--days", "3")
    first, second = ApiToken.objects.order_by("pk")
    call_command("api_token", "revoke", str(first.pk))
    ApiToken.objects.filter(pk=second.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert _status(revoked) == 401
    assert _status(expired) == 401
    assert _status("fvd_nonsense") == 401


def test_last_use_is_noted(admin: User, make_token: Callable[..., str]) -> None:
    token = make_token(admin)
    assert _status(token) == 200
    assert ApiToken.objects.get(user=admin).last_used_at is not None


def test_session_that_writes_needs_the_csrf_token(client_as: Callable[[User], Client], admin: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    answer = strict.post("/api/business/clients", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
