"""A real Chromium against a real server with demo data. Skipped, with the reason, where no Chromium is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client as Browserless
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    from core.models import User

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        pytest.skip("no Chromium on this machine: install Debian's chromium, or set CHROMIUM to its path")
    # Playwright keeps an event loop in this thread; the tests' own queries in it are synchronous and safe.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass(frozen=True)
class Site:
    """The running product, with a global admin's session."""

    url: str
    admin: User
    session: str
    browser: Browser

    def context(self, *, signed_in: bool = True, **options: Any) -> BrowserContext:
        """A fresh browser profile; `options` are Playwright's (color_scheme, viewport, …)."""
        options.setdefault("locale", "pt-BR")
        context = self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        if signed_in:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": self.session, "url": self.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        return context


@pytest.fixture
def site(chromium: Browser, live_server: LiveServer, transactional_db: None) -> Site:
    # Not at the top: named on the command line, this file is read before Django is set up.
    from core.models import RoleGrant, User
    from monitoring.models import StatusIncident, StatusPage
    from monitoring.status import public

    call_command("demo", "load", "--months", "6", verbosity=0)
    admin = User.objects.create_user("marina@example.com", "correct horse battery", name="Marina Prado")
    RoleGrant.objects.create(user=admin, role="admin")
    StatusPage.objects.create(pk=1, is_public=True)
    StatusIncident.objects.create(title="Mensagens atrasadas", impact="degraded", components=["redis"])
    public.copy.forget()
    client = Browserless()
    client.force_login(admin)
    return Site(live_server.url, admin, client.cookies[settings.SESSION_COOKIE_NAME].value, chromium)
