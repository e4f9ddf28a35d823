"""Signing in and out, password, second factor, sessions, limits."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.models import AuditEvent, User, UserActivity
from tests.fixtures import PASSWORD, MakeUser

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
RunTasks = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("admin", email="ana@example.com", password=PASSWORD)


def sign_in(client: Client, email: str = "ana@example.com", password: str = PASSWORD, **extra: str) -> object:
    return client.post(LOGIN, {"login": email, "password": password}, **extra)  # type: ignore[arg-type]


@pytest.fixture
def signed_in(ana: User) -> Client:
    """By password, so that nothing asks again who it is."""
    client = Client()
    sign_in(client)
    return client


def totp(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def confirm(client: Client) -> None:
    """What changes how the account is protected asks for the password again."""
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def set_up_totp(client: Client) -> str:
    confirm(client)
    page = client.get("/account/2fa/totp/activate/")
    secret = re.search(r"secret-value[^>]*>([A-Z2-7]+)<", page.content.decode())
    assert secret
    answer = client.post("/account/2fa/totp/activate/", {"code": totp(secret[1])})
    assert answer.status_code == 302, answer.content.decode()
    return secret[1]


# ---- in and out ----------------------------------------------------------------------------------
def test_every_page_leads_the_signed_out_to_sign_in() -> None:
    for path in ("/", "/configuration", "/configuration/people", "/account/", "/account/tokens", "/account/2fa/"):
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, LOGIN), path


def test_sign_in_leads_to_the_page_that_was_asked_for(ana: User) -> None:
    client = Client()
    page = client.get(f"{LOGIN}?next=/account/tokens")
    assert 'name="next" value="/account/tokens"' in page.content.decode()
    answer = client.post(LOGIN, {"login": ana.email, "password": PASSWORD, "next": "/account/tokens"})
    assert answer["Location"] == "/account/tokens"


def test_sign_in_never_leads_to_another_site(ana: User) -> None:
    answer = Client().post(LOGIN, {"login": ana.email, "password": PASSWORD, "next": "//evil.example/"})
    assert answer["Location"] == "/"


def test_the_address_is_taken_in_any_case(ana: User) -> None:
    assert sign_in(Client(), "  ANA@Example.COM ").status_code == 302  # type: ignore[attr-defined]


def test_a_wrong_password_is_refused_and_audited_without_the_address(ana: User) -> None:
    answer = sign_in(Client(), password="wrong")
    assert answer.status_code == 200  # type: ignore[attr-defined]
    event = AuditEvent.objects.get(action="login_failed")
    assert (event.outcome, "ana" in str(event.diff)) == ("failure", False)


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(ana: User) -> None:
    def words(email: str) -> str:
        text = sign_in(Client(), email, "wrong").content.decode()  # type: ignore[attr-defined]
        return re.sub(r'value="[^"]*"|X-CSRFToken[^}]*', "", text).replace(email, "")

    assert words("ana@example.com") == words("bia@example.com")


def test_sign_in_counts_as_activity(ana: User) -> None:
    sign_in(Client())
    assert UserActivity.objects.filter(user=ana).count() == 1


def test_sign_out_needs_a_post(signed_in: Client) -> None:
    assert signed_in.get("/account/logout/").status_code == 200
    assert signed_in.get("/account/").status_code == 200
    signed_in.post("/account/logout/")
    assert signed_in.get("/account/").status_code == 302


def test_nobody_can_sign_up() -> None:
    assert Client().get("/account/signup/")["Location"] == LOGIN
    Client().post("/account/signup/", {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()


def test_a_deactivated_person_cannot_sign_in(ana: User) -> None:
    User.objects.update(is_active=False)
    client = Client()
    sign_in(client)
    assert client.get("/account/").status_code == 302


def test_nobody_changes_their_own_address(signed_in: Client, ana: User) -> None:
    assert signed_in.get("/account/email/")["Location"] == "/account/"
    signed_in.post("/account/email/", {"action_add": "", "email": "other@example.com"})
    ana.refresh_from_db()
    assert ana.email == "ana@example.com"


# ---- limits --------------------------------------------------------------------------------------
def test_the_sixth_wrong_password_of_an_account_is_429_from_any_address(ana: User) -> None:
    for n in range(5):
        assert sign_in(Client(), password="no", REMOTE_ADDR=f"192.0.2.{n}").status_code == 200  # type: ignore[attr-defined]
    answer = sign_in(Client(), REMOTE_ADDR="192.0.2.77")
    assert answer.status_code == 429  # type: ignore[attr-defined]
    assert 200 < int(answer["Retry-After"]) <= 300  # type: ignore[index]
    assert "min" in answer.content.decode()  # type: ignore[attr-defined]
    assert sign_in(Client(), "bia@example.com", REMOTE_ADDR="192.0.2.77").status_code == 200  # type: ignore[attr-defined]


def test_the_eleventh_wrong_password_from_an_address_is_429_for_any_account(ana: User) -> None:
    for n in range(10):
        assert sign_in(Client(), f"p{n}@example.com", "no").status_code == 200  # type: ignore[attr-defined]
    answer = sign_in(Client())
    assert answer.status_code == 429  # type: ignore[attr-defined]
    assert 0 < int(answer["Retry-After"]) <= 60  # type: ignore[index]
    assert sign_in(Client(), REMOTE_ADDR="192.0.2.9").status_code == 302  # type: ignore[attr-defined]


def test_a_right_password_uses_up_no_attempt(ana: User) -> None:
    for _ in range(8):
        assert sign_in(Client()).status_code == 302  # type: ignore[attr-defined]


def test_the_limit_of_all_attempts_of_an_address_says_when_to_try_again(ana: User) -> None:
    for _ in range(30):
        last = sign_in(Client())
    assert last.status_code == 302  # type: ignore[attr-defined]
    answer = sign_in(Client())
    assert answer.status_code == 429  # type: ignore[attr-defined]
    assert 0 < int(answer["Retry-After"]) <= 60  # type: ignore[index]


# ---- password ------------------------------------------------------------------------------------
def reset_link() -> str:
    (message,) = mail.outbox
    found = re.search(r"http://[^/]+(/account/password/reset/key/\S+)", str(message.body))
    assert found
    return found[1]


def test_a_forgotten_password_is_replaced_by_a_mailed_link_once(ana: User, run_tasks: RunTasks) -> None:
    other = Client()
    sign_in(other)
    with run_tasks():
        answer = Client().post("/account/password/reset/", {"email": "ANA@example.com"})
    assert answer["Location"] == "/account/password/reset/done/"
    client, link = Client(), reset_link()
    form = client.get(link, follow=True)
    action = form.redirect_chain[-1][0]
    new = {"password1": "a new sentence of mine", "password2": "a new sentence of mine"}
    assert client.post(action, new).status_code == 302
    assert sign_in(Client(), password="a new sentence of mine").status_code == 302  # type: ignore[attr-defined]
    assert other.get("/account/").status_code == 302
    assert (
        "acabou" in Client().get(link, follow=True).content.decode()
        or "over" in Client().get(link, follow=True).content.decode()
    )


def test_an_unknown_address_gets_no_mail_and_the_same_answer(ana: User, run_tasks: RunTasks) -> None:
    with run_tasks():
        answer = Client().post("/account/password/reset/", {"email": "bia@example.com"})
    assert answer["Location"] == "/account/password/reset/done/"
    assert mail.outbox == []


def test_the_reset_link_has_the_public_address_whatever_the_host_header(
    ana: User, run_tasks: RunTasks, settings: object
) -> None:
    with run_tasks():
        Client().post("/account/password/reset/", {"email": ana.email}, HTTP_HOST="127.0.0.1")
    assert "http://localhost:3000/account/" in mail.outbox[0].body


def test_no_secret_of_a_reset_is_in_the_event(ana: User, run_tasks: RunTasks) -> None:
    from core.models import Event

    Client().post("/account/password/reset/", {"email": ana.email})
    assert Event.objects.get(type="user.password_reset_asked").data == {"id": ana.pk}


def test_changing_the_password_ends_the_other_sessions(signed_in: Client, ana: User) -> None:
    other = Client()
    sign_in(other)
    new = "a new sentence of mine"
    wrong = signed_in.post("/account/password/change/", {"oldpassword": "no", "password1": new, "password2": new})
    assert wrong.status_code == 200
    right = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert signed_in.post("/account/password/change/", right)["Location"] == "/account/"
    assert signed_in.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert AuditEvent.objects.filter(resource_type="user", diff__password="changed", actor_id=ana.pk).exists()


@pytest.mark.parametrize("password", ["short", "password1234", "ana@example.com"])
def test_a_weak_password_is_refused(signed_in: Client, password: str) -> None:
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert signed_in.post("/account/password/change/", form).status_code == 200
    assert sign_in(Client()).status_code == 302  # type: ignore[attr-defined]


# ---- second factor -------------------------------------------------------------------------------
def test_with_an_app_the_password_alone_is_not_enough(signed_in: Client, ana: User) -> None:
    secret = set_up_totp(signed_in)
    client = Client()
    assert sign_in(client)["Location"] == "/account/2fa/authenticate/"  # type: ignore[index]
    assert client.get("/account/").status_code == 302
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert AuditEvent.objects.filter(action="login_failed", resource_id=str(ana.pk)).exists()
    Authenticator.objects.update(last_used_at=None)
    from django.core.cache import cache

    cache.clear()  # the code of these 30 seconds was used for the set-up
    assert client.post("/account/2fa/authenticate/", {"code": totp(secret)}).status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_code_counts_one_step_late_and_only_once(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = set_up_totp(signed_in)
    step = int(time.time()) // 30 + 10

    def enter(code: str, seconds: int) -> int:
        monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", SimpleNamespace(time=lambda: seconds))
        client = Client()
        sign_in(client)
        return client.post("/account/2fa/authenticate/", {"code": code}).status_code

    code = str(format_hotp_value(hotp_value(secret, step)))
    assert enter(code, (step + 2) * 30) == 200
    assert enter(code, (step + 1) * 30) == 302
    # Without what the library remembers for 30 seconds, as if they had passed.
    from django.core.cache import cache

    cache.delete(f"allauth.mfa.totp.used?user={User.objects.get().pk}&code={code}")
    assert enter(code, (step + 1) * 30 + 29) == 200


def test_a_recovery_code_works_once(signed_in: Client) -> None:
    set_up_totp(signed_in)
    codes = signed_in.get("/account/2fa/recovery-codes/download/").content.decode().split()
    assert len(codes) == 10
    for expected in (302, 200):
        client = Client()
        sign_in(client)
        assert client.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == expected


def test_the_secret_of_a_factor_is_not_readable_in_the_database(signed_in: Client) -> None:
    secret = set_up_totp(signed_in)
    for data in Authenticator.objects.values_list("data", flat=True):
        assert secret not in str(data)
        assert any(str(value).startswith("v1.") for value in data.values())


def test_factors_are_audited(signed_in: Client, ana: User, run_tasks: RunTasks) -> None:
    with run_tasks():
        set_up_totp(signed_in)
    signed_in.post("/account/2fa/totp/deactivate/")
    told = [
        event.diff["second_factor"]
        for event in AuditEvent.objects.filter(
            action="permission_change", resource_type="user", resource_id=str(ana.pk)
        ).order_by("id")
    ]
    assert {"added": "totp"} in told
    assert {"removed": "totp"} in told


def test_setting_up_a_factor_asks_again_who_it_is(ana: User) -> None:
    client = Client()
    client.force_login(ana)
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    page = client.get("/account/reauthenticate/?next=/account/2fa/totp/activate/")
    assert page.status_code == 200
    answer = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/2fa/totp/activate/"})
    assert answer["Location"] == "/account/2fa/totp/activate/"


def test_who_must_have_a_factor_gets_nothing_else_before(signed_in: Client, ana: User) -> None:
    User.objects.update(requires_second_factor=True)
    for path in ("/", "/configuration", "/account/tokens", "/account/sessions/"):
        assert signed_in.get(path)["Location"] == "/account/2fa/", path
    answer = signed_in.get("/api/business/clients")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert signed_in.get("/account/2fa/").status_code == 200
    set_up_totp(signed_in)
    assert signed_in.get("/account/tokens").status_code == 200


def test_keys_are_offered_with_options_and_without_inline_script(signed_in: Client) -> None:
    confirm(signed_in)
    page = signed_in.get("/account/2fa/webauthn/add/").content.decode()
    assert "data-options=" in page
    assert "&quot;localhost&quot;" in page
    options = Client().get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"}).json()
    assert options["request_options"]["publicKey"]["rpId"] == "localhost"


def test_a_forged_key_is_refused(ana: User) -> None:
    client = Client()
    client.get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"})
    answer = client.post("/account/2fa/webauthn/login/", {"credential": '{"id": "x"}'})
    assert answer["Location"] == LOGIN
    assert client.get("/account/").status_code == 302


# ---- sessions ------------------------------------------------------------------------------------
def test_a_person_sees_and_ends_their_own_sessions(signed_in: Client, ana: User) -> None:
    from allauth.usersessions.models import UserSession

    phone = Client(headers={"User-Agent": "Mozilla/5.0 (Android 15) Firefox/140.0"})
    sign_in(phone)
    assert "Firefox, Android" in signed_in.get("/account/sessions/").content.decode()
    other = UserSession.objects.get(user_agent__contains="Android")
    assert signed_in.post(f"/account/sessions/{other.pk}/end").status_code == 302
    assert phone.get("/account/").status_code == 302
    assert signed_in.get("/account/").status_code == 200


def test_a_person_cannot_end_the_session_of_another(signed_in: Client, make_user: MakeUser) -> None:
    from allauth.usersessions.models import UserSession

    bia = make_user("admin", email="bia@example.com", password=PASSWORD)
    client = Client()
    sign_in(client, bia.email)
    session = UserSession.objects.get(user=bia)
    assert signed_in.post(f"/account/sessions/{session.pk}/end").status_code == 404
    assert client.get("/account/").status_code == 200


def test_all_other_sessions_end_at_once(signed_in: Client) -> None:
    other = Client()
    sign_in(other)
    signed_in.post("/account/sessions/")
    assert other.get("/account/").status_code == 302
    assert signed_in.get("/account/").status_code == 200


def test_the_session_of_the_api_needs_the_csrf_token(ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post("/api/business/agencies", {"slug": "x", "name": "X"}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


# ---- pages ---------------------------------------------------------------------------------------
def _account_paths(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    found = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(pattern, URLResolver):
            found += _account_paths(pattern.url_patterns, path)
        elif path.startswith("/account/") and "<" not in path:
            found.append(path)
    return found


def test_every_account_page_is_ours_in_both_languages(signed_in: Client) -> None:
    set_up_totp(signed_in)
    seen = 0
    for language in ("pt-br", "en"):
        signed_in.post("/preferences", {"language": language})
        for client in (signed_in, Client(headers={"Cookie": f"fvdash_language={language}"})):
            for path in _account_paths(get_resolver().url_patterns):
                answer = client.get(path)
                assert answer.status_code in (200, 301, 302, 401, 405), path
                if answer.status_code in (200, 401) and answer["Content-Type"].startswith("text/html"):
                    seen += 1
                    text = answer.content.decode()
                    assert "css/app.css" in text, path
                    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=", text), path
    assert seen > 20
