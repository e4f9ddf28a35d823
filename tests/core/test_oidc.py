"""Single sign-on against a provider on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import Client

from core.models import AuditEvent, User
from tests.fakes.oidc import CLIENT, SECRET, FakeOIDC
from tests.fixtures import PASSWORD, MakeUser

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


@pytest.fixture
def provider(settings: Any) -> Iterator[FakeOIDC]:
    with FakeOIDC().running() as running:
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "acme",
                        "name": "Acme ID",
                        "client_id": CLIENT,
                        "secret": SECRET,
                        "settings": {"server_url": running.url},
                    }
                ],
            }
        }
        yield running


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("admin", email="ana@example.com", password=PASSWORD)


def come_back(client: Client, path: str = "/account/oidc/acme/login/") -> Any:
    """Presses the button, agrees at the provider, and follows its way back."""
    there = client.post(path)["Location"]
    back = requests.get(there, allow_redirects=False, timeout=5).headers["Location"]
    return client.get(back.removeprefix("http://testserver"))


def test_sign_in_page_has_a_button_for_each_provider(provider: FakeOIDC) -> None:
    page = Client().get(LOGIN).content.decode()
    assert "Acme ID" in page
    assert 'action="/account/oidc/acme/login/' in page


def test_sign_in_page_has_no_button_without_providers() -> None:
    assert "oidc" not in Client().get(LOGIN).content.decode()


def test_the_person_of_that_verified_address_gets_in(provider: FakeOIDC, ana: User) -> None:
    client = Client()
    assert come_back(client)["Location"] == "/"
    assert client.get("/account/").status_code == 200
    assert AuditEvent.objects.get(action="login").actor_id == ana.pk
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_the_address_is_compared_in_any_case(provider: FakeOIDC, ana: User) -> None:
    provider.person["email"] = "Ana@Example.com"
    client = Client()
    come_back(client)
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "1", "email": "ana@example.com", "email_verified": False},
        {"sub": "1", "email": "ana@example.com", "email_verified": "false"},
        {"sub": "1", "email": "ana@example.com"},
        {"sub": "1", "email": "stranger@example.com", "email_verified": True},
        {"sub": "1"},
    ],
)
def test_anybody_else_stays_outside_and_no_account_is_made(
    provider: FakeOIDC, ana: User, person: dict[str, Any]
) -> None:
    provider.person = person
    client = Client()
    assert come_back(client)["Location"] == LOGIN
    assert client.get("/account/").status_code == 302
    assert User.objects.count() == 1
    event = AuditEvent.objects.get(action="login_failed")
    assert (event.outcome, "stranger" in str(event.diff)) == ("denied", False)


def test_a_deactivated_person_stays_outside(provider: FakeOIDC, ana: User) -> None:
    User.objects.update(is_active=False)
    client = Client()
    assert come_back(client)["Location"] == LOGIN
    assert client.get("/account/").status_code == 302


def test_nothing_that_the_provider_tells_is_stored(provider: FakeOIDC, ana: User) -> None:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    come_back(Client())
    assert not SocialAccount.objects.exists()
    assert not SocialToken.objects.exists()


def test_the_second_factor_is_asked_for_here_too(provider: FakeOIDC, ana: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(ana, generate_totp_secret())
    client = Client()
    assert come_back(client)["Location"] == "/account/2fa/authenticate/"
    assert client.get("/account/").status_code == 302


def test_an_answer_to_another_browser_is_refused(provider: FakeOIDC, ana: User) -> None:
    there = Client().post("/account/oidc/acme/login/")["Location"]
    back = requests.get(there, allow_redirects=False, timeout=5).headers["Location"]
    victim = Client()
    answer = victim.get(back.removeprefix("http://testserver"))
    assert answer["Location"] == LOGIN
    assert victim.get("/account/").status_code == 302


def test_who_says_no_at_the_provider_is_led_back(provider: FakeOIDC, ana: User) -> None:
    client = Client()
    client.post("/account/oidc/acme/login/")
    answer = client.get("/account/oidc/acme/login/callback/?error=access_denied&state=x")
    assert answer.status_code == 302
    assert client.get("/account/").status_code == 302


def test_a_signed_in_person_connects_no_other_account(provider: FakeOIDC, ana: User) -> None:
    provider.person = {"sub": "9", "email": "evil@example.com", "email_verified": True}
    client = Client()
    client.force_login(ana)
    assert come_back(client, "/account/oidc/acme/login/?process=connect")["Location"] == "/account/"
    from allauth.socialaccount.models import SocialAccount

    assert not SocialAccount.objects.exists()


def test_a_provider_that_is_away_is_told(ana: User, settings: Any, provider: FakeOIDC) -> None:
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:9"
    client = Client()
    answer = client.post("/account/oidc/acme/login/")
    assert answer["Location"] == LOGIN
    assert "provedor" in client.get(LOGIN).content.decode()


def test_an_unknown_provider_is_404(provider: FakeOIDC) -> None:
    assert Client().post("/account/oidc/nobody/login/").status_code == 404
