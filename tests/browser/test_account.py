"""One's own account in a real browser: passkeys, the app, recovery codes, and the look of every page on the way."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from core.models import RoleGrant, User
from tests.browser.test_pages import AXE, VIEWS
from tests.fixtures import PASSWORD

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("FVDASH_TEST_SHOTS")
LOGIN, FACTORS = "/account/login/", "/account/2fa/"


@dataclass
class Person:
    """A browser with a platform authenticator that says yes; `look` judges the page that it shows."""

    url: str
    page: Page
    wrong: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def goto(self, path: str) -> None:
        self.page.goto(self.url + path, wait_until="load")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def at(self, path: str) -> None:
        self.page.wait_for_url(f"{self.url}{path}")

    def sign_in(self) -> None:
        self.goto(LOGIN)
        self.page.fill("input[name=login]", "marina@example.com")
        self.page.fill("input[name=password]", PASSWORD)
        self.press("Entrar")
        self.page.wait_for_url(lambda url: LOGIN not in url)

    def confirm(self) -> None:
        """What changes how the account is protected asks again who it is."""
        self.goto("/account/reauthenticate/")
        self.page.fill("input[name=password]", PASSWORD)
        self.press("Confirmar")
        self.page.wait_for_url(lambda url: "reauthenticate" not in url)

    def sign_out(self) -> None:
        self.goto("/account/logout/")
        self.page.locator("main [type=submit]").last.click()
        self.page.wait_for_url(re.compile(LOGIN))

    def look(self, name: str) -> None:
        """Judges the page in each view."""
        for view, options in VIEWS.items():
            self.page.emulate_media(color_scheme=options["color_scheme"])
            self.page.set_viewport_size(options["viewport"])
            found = [
                f"{item['id']}: {node['html'][:160]}"
                for item in Axe().run(self.page, options=AXE).response["violations"]
                for node in item["nodes"][:3]
            ]
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                found.append(f"wider than the window by {wide} px")
            if SHOTS:
                self.page.screenshot(path=Path(SHOTS) / f"own-{name}-{view}.png", full_page=True)
            if found or self.problems:
                self.wrong[f"{name} {view}"] = found + self.problems
            self.problems.clear()
        self.page.set_viewport_size(VIEWS["light"]["viewport"])


@pytest.fixture
def marina(transactional_db: None) -> User:
    user = User.objects.create_user("marina@example.com", PASSWORD, name="Marina Prado")
    RoleGrant.objects.create(user=user, role="admin")
    return user


@pytest.fixture
def person(chromium: Browser, live_server: LiveServer, marina: User) -> Iterator[Person]:
    # Without motion a colour is never judged half-way.
    with chromium.new_context(locale="pt-BR", reduced_motion="reduce") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        one = Person(live_server.url, page)
        page.on("console", lambda said: one.problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: one.problems.append(str(error)))
        yield one


def test_a_passkey_is_made_and_then_signs_in_alone(person: Person, marina: User) -> None:
    person.goto(LOGIN)
    person.look("sign-in")
    person.sign_in()
    person.goto("/account/")
    person.look("overview")
    person.goto(FACTORS)
    person.look("factors-none")
    person.goto("/account/2fa/webauthn/add/")
    person.look("confirm")
    person.confirm()
    person.goto("/account/2fa/webauthn/add/")
    person.look("key-add")
    person.page.fill("input[name=name]", "Notebook")
    person.page.check("input[name=passwordless]")
    person.press("Criar a chave")
    person.at("/account/2fa/recovery-codes/")
    person.look("codes")
    person.goto("/account/2fa/webauthn/")
    assert "Notebook" in person.page.locator("main").inner_text()
    person.look("keys")
    person.goto(f"/account/2fa/webauthn/keys/{Authenticator.objects.get(type='webauthn').pk}/edit/")
    person.look("key-rename")
    person.goto(f"/account/2fa/webauthn/keys/{Authenticator.objects.get(type='webauthn').pk}/remove/")
    person.look("key-remove")
    person.goto("/account/sessions/")
    person.look("sessions")
    person.sign_out()
    person.press("Entrar com chave de acesso")
    person.page.wait_for_url(lambda url: "/account/login/" not in url)
    person.goto("/account/")
    assert "Sua conta" in person.page.locator("h1").inner_text()

    # The same key after the password.
    person.sign_out()
    person.sign_in()
    person.at("/account/2fa/authenticate/")
    person.look("authenticate")
    person.press("Usar uma chave")
    person.page.wait_for_url(lambda url: "/account/" not in url)
    assert person.wrong == {}


def test_an_app_is_set_up_by_its_picture_or_key(person: Person, marina: User) -> None:
    person.sign_in()
    person.confirm()
    person.goto("/account/2fa/totp/activate/")
    person.look("app-set-up")
    person.page.get_by_text("A câmera não funciona").click()
    person.look("app-key")
    secret = person.page.locator("#secret-value").inner_text()
    person.page.fill("input[name=code]", "000000")
    person.press("Ativar")
    person.page.wait_for_selector(".errors")
    person.look("app-wrong-code")
    person.page.fill("input[name=code]", str(format_hotp_value(hotp_value(secret, int(time.time()) // 30))))
    person.press("Ativar")
    person.at("/account/2fa/recovery-codes/")
    person.goto(FACTORS)
    person.look("factors")
    for path, name in (
        ("/account/2fa/totp/deactivate/", "app-remove"),
        ("/account/2fa/recovery-codes/generate/", "codes-renew"),
        ("/account/password/change/", "password"),
        ("/account/logout/", "sign-out"),
        ("/account/reauthenticate/", "again-password"),
        ("/account/2fa/reauthenticate/", "again-code"),
        ("/account/tokens", "tokens-none"),
    ):
        person.goto(path)
        person.look(name)
    person.goto("/account/tokens")
    person.press("Criar o token")
    person.page.wait_for_selector(".errors")
    # A refused form is answered with 422, which the browser's console calls an error.
    person.problems.clear()
    person.look("tokens-wrong")
    person.page.fill("input[name=name]", "Relatórios do mês")
    person.press("Criar o token")
    person.page.wait_for_selector("#secret-value")
    person.look("tokens")
    assert person.wrong == {}


def test_the_signed_out_pages_are_clean(person: Person, marina: User) -> None:
    for path, name in (
        ("/account/password/reset/", "reset"),
        ("/account/password/reset/done/", "reset-done"),
        ("/account/password/reset/key/1-abc/", "reset-over"),
        ("/account/password/reset/key/done/", "reset-finished"),
        ("/account/inactive/", "inactive"),
        ("/account/3rdparty/login/cancelled/", "provider-cancelled"),
    ):
        person.goto(path)
        person.look(name)
    person.goto(LOGIN)
    person.page.fill("input[name=login]", "marina@example.com")
    person.page.fill("input[name=password]", "wrong")
    person.press("Entrar")
    person.page.wait_for_selector(".errors")
    person.look("sign-in-wrong")
    for _ in range(5):
        person.page.fill("input[name=login]", "marina@example.com")
        person.page.fill("input[name=password]", "wrong")
        person.press("Entrar")
        person.page.wait_for_load_state()
        if not person.page.locator("input[name=login]").count():
            break
    assert "Tente de novo em" in person.page.locator("main").inner_text()
    person.problems.clear()
    person.look("sign-in-429")
    assert person.wrong == {}
