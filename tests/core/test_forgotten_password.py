"""A forgotten password where no mail can be sent: a link from an admin, or the command line."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.management import CommandError, call_command
from django.test import Client

from core.models import Agency, AuditEvent, Event, User
from tests.fixtures import MakeUser

pytestmark = pytest.mark.django_db
LIST = "/configuration/people"
OLD, NEW = "correct horse battery", "a new sentence of mine"
As = Callable[[User], Client]


@pytest.fixture
def ana(make_user: MakeUser, agency: Agency) -> User:
    return make_user("operator", agency, email="ana@example.com", password=OLD)


def sign_in(password: str) -> bool:
    answer = Client().post("/account/login/", {"login": "ana@example.com", "password": password})
    return answer.status_code == 302


def make_link(client: Client, user: User) -> str:
    answer = client.post(f"{LIST}/{user.pk}/reset-link")
    assert answer.status_code == 201, answer
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"http://[^/]+(/account/password/reset/key/[^\s<\"]+)", html.unescape(answer.content.decode()))
    assert found
    return found[1]


def use(link: str) -> bool:
    """Whether the link let somebody choose a password."""
    client = Client()
    form = client.get(link, follow=True)
    if not form.redirect_chain:
        return False
    answer = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    return answer.status_code == 302


@pytest.mark.parametrize("by", ["admin", "agency_admin"])
def test_an_admin_hands_over_a_link_that_works_once(
    by: str, client_as: As, ana: User, request: pytest.FixtureRequest
) -> None:
    admin: User = request.getfixturevalue(by)
    other = Client()
    other.post("/account/login/", {"login": ana.email, "password": OLD})
    client = client_as(admin)
    assert "reset-link" in client.get(f"{LIST}/{ana.pk}").content.decode()
    link = make_link(client, ana)
    assert link not in client.get(f"{LIST}/{ana.pk}").content.decode()
    assert sign_in(OLD), "making it changes nothing yet"
    link = make_link(client, ana)
    assert use(link)
    assert (sign_in(OLD), sign_in(NEW)) == (False, True)
    assert other.get("/account/").status_code == 302
    assert not use(link)


def test_the_link_is_in_the_trail_and_its_secret_nowhere(client_as: As, admin: User, ana: User) -> None:
    client = client_as(admin)
    secret = make_link(client, ana).rpartition("/key/")[2]
    event = AuditEvent.objects.get(diff__reset_link="made")
    assert (event.actor_id, event.resource_type, event.resource_id) == (admin.pk, "user", str(ana.pk))
    assert secret not in str(event.diff)
    assert Event.objects.get(type="user.reset_link_made").data == {"id": ana.pk}
    assert "Link para nova senha criado" in client.get(f"{LIST}/{ana.pk}").content.decode()


def test_the_link_is_over_after_a_day(client_as: As, admin: User, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    link = make_link(client_as(admin), ana)
    later = dt.datetime.now() + dt.timedelta(hours=24, seconds=5)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)
    assert not use(link)
    assert sign_in(OLD)


def test_the_link_is_over_once_the_person_signs_in(client_as: As, admin: User, ana: User) -> None:
    link = make_link(client_as(admin), ana)
    assert sign_in(OLD)
    assert not use(link)


def test_who_manages_other_people_only_gets_404(
    client_as: As, outsider: User, agency_admin: User, ana: User, admin: User, make_user: MakeUser, agency: Agency
) -> None:
    both = make_user("viewer", agency, password=OLD)
    both.grants.create(role="operator", agency=outsider.grants.get().agency)
    above = make_user("viewer", agency, password=OLD)
    above.grants.create(role="viewer")
    for by, user in ((outsider, ana), (agency_admin, both), (outsider, both), (agency_admin, above)):
        assert client_as(by).post(f"{LIST}/{user.pk}/reset-link").status_code == 404
    admin.set_password(OLD)
    admin.save()
    assert client_as(agency_admin).post(f"{LIST}/{admin.pk}/reset-link").status_code == 404
    assert "reset-link" not in client_as(agency_admin).get(f"{LIST}/{both.pk}").content.decode()
    assert not AuditEvent.objects.filter(diff__reset_link="made").exists()


@pytest.mark.parametrize("role", ["operator", "viewer", "dpo"])
def test_other_roles_get_403(client_as: As, make_user: MakeUser, ana: User, role: str) -> None:
    assert client_as(make_user(role)).post(f"{LIST}/{ana.pk}/reset-link").status_code == 403


def test_there_is_no_link_for_oneself_for_the_inactive_and_for_the_invited(
    client_as: As, admin: User, ana: User, make_user: MakeUser, agency: Agency
) -> None:
    gone, invited = make_user("viewer", agency, password=OLD), make_user("viewer", agency)
    gone.is_active = False
    gone.save()
    client = client_as(admin)
    for user in (admin, gone, invited):
        assert client.post(f"{LIST}/{user.pk}/reset-link").status_code == 302
        assert "reset-link" not in client.get(f"{LIST}/{user.pk}").content.decode()
    assert not AuditEvent.objects.filter(diff__reset_link="made").exists()


def test_with_a_mail_server_nobody_sees_a_link(client_as: As, admin: User, ana: User, settings: Any) -> None:
    settings.EMAIL_CONFIGURED = True
    client = client_as(admin)
    assert "reset-link" not in client.get(f"{LIST}/{ana.pk}").content.decode()
    assert client.post(f"{LIST}/{ana.pk}/reset-link").status_code == 302
    assert not AuditEvent.objects.filter(diff__reset_link="made").exists()


def test_the_page_of_a_forgotten_password_offers_no_mail_that_cannot_be_sent(client: Client, settings: Any) -> None:
    url = "/account/password/reset/"
    assert 'name="email"' not in client.get(url).content.decode()
    settings.EMAIL_CONFIGURED = True
    assert 'name="email"' in client.get(url).content.decode()


# ---- the command ---------------------------------------------------------------------------------
def run(email: str, typed: str, monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command("password", email, stdout=out)
    return out.getvalue()


def test_the_command_sets_the_password_and_ends_every_session(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Client()
    browser.post("/account/login/", {"login": ana.email, "password": OLD})
    assert "sessions ended: 1" in run("Ana@Example.com", f"{NEW}\n", monkeypatch)
    assert browser.get("/account/").status_code == 302
    assert (sign_in(OLD), sign_in(NEW)) == (False, True)
    event = AuditEvent.objects.filter(resource_type="user", resource_id=str(ana.pk), actor_kind="command").get()
    assert ("password" in event.diff, event.reason) == (True, "password")
    assert NEW not in str(event.diff)


@pytest.mark.parametrize(
    ("email", "typed", "said"),
    [
        ("nobody@example.com", NEW, "Nobody here"),
        ("ana@example.com", "", "No password"),
        ("ana@example.com", "short", "12"),
        ("gone@example.com", NEW, "deactivated"),
    ],
)
def test_the_command_says_what_is_wrong(
    ana: User, make_user: MakeUser, email: str, typed: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_user("viewer", email="gone@example.com", password=OLD)
    gone.is_active = False
    gone.save()
    with pytest.raises(CommandError, match=said):
        run(email, typed, monkeypatch)
    assert sign_in(OLD)
