"""Every page in light, dark and 360 px: axe finds nothing, nothing is refused by the CSP, nothing overflows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page

from core.models import Agency
from tests.browser.conftest import Site
from tests.browser.crawl import pages

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "has_touch": True},
}
# Where to keep pictures for a person to look at; nowhere unless asked.
SHOTS = os.environ.get("FVDASH_TEST_SHOTS")
AXE = {"resultTypes": ["violations"]}


def _listen(page: Page, problems: list[str]) -> None:
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))


def _keep(page: Page, view: str, address: str) -> None:
    if SHOTS:
        name = address.strip("/").replace("/", "_").replace("?", "_").replace("&", "_") or "root"
        page.screenshot(path=Path(SHOTS) / f"{name[:80]}-{view}.png", full_page=True)


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_clean(site: Site, view: str) -> None:
    client = Client()
    client.force_login(site.admin)
    addresses = pages(client)
    assert len(addresses) >= 20
    wrong: dict[str, list[str]] = {}
    with site.context(**VIEWS[view]) as context:
        page = context.new_page()
        problems: list[str] = []
        _listen(page, problems)
        for address in addresses:
            problems.clear()
            page.goto(site.url + address, wait_until="load")
            found = [
                f"{item['id']}: {node['html'][:160]}"
                for item in Axe().run(page, options=AXE).response["violations"]
                for node in item["nodes"][:3]
            ]
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                found.append(f"wider than the window by {wide} px")
            _keep(page, view, address)
            if found or problems:
                wrong[address] = found + problems
    assert wrong == {}


def test_sign_in_pages_are_clean(site: Site) -> None:
    wrong: dict[str, list[str]] = {}
    for view, options in VIEWS.items():
        with site.context(signed_in=False, **options) as context:
            page = context.new_page()
            problems: list[str] = []
            _listen(page, problems)
            for address in ("/account/login/", "/account/password/reset/"):
                page.goto(site.url + address)
                found = [item["id"] for item in Axe().run(page, options=AXE).response["violations"]]
                _keep(page, view, address)
                if found or problems:
                    wrong[f"{view} {address}"] = found + problems
    assert wrong == {}


def test_a_person_signs_in_and_works_with_the_keyboard_alone(site: Site) -> None:
    with site.context(signed_in=False, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{site.url}/executive")
        assert "/account/login/" in page.url
        page.locator("input[name=login]").focus()
        page.keyboard.type("marina@example.com")
        page.keyboard.press("Tab")
        for _ in range(5):
            if page.evaluate("document.activeElement.name") == "password":
                break
            page.keyboard.press("Tab")
        page.keyboard.type("correct horse battery")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/executive")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.url.endswith("#main")
        page.keyboard.press("?")
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        page.keyboard.press("g")
        page.keyboard.press("b")
        page.wait_for_url(f"{site.url}/business**")
        page.goto(f"{site.url}/business/clients")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.type") == "search"
        menu, here = page.locator("details.scope"), "document.activeElement.textContent"
        page.locator("details.scope summary").focus()
        page.keyboard.press("ArrowDown")
        assert menu.get_attribute("open") is not None
        page.keyboard.press("End")
        assert page.evaluate(here) == menu.locator(".pop a").last.inner_text()
        page.keyboard.press("Escape")
        assert menu.get_attribute("open") is None
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_core_works_without_javascript(site: Site) -> None:
    with site.context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/business/clients")
        first = page.locator("tbody tr").first.inner_text()
        page.locator("input[type=search]").first.fill("zzzz-nobody")
        page.locator("input[type=search]").first.press("Enter")
        page.wait_for_load_state()
        assert first not in page.content()
        page.goto(f"{site.url}/business/clients/new?agency={Agency.objects.all()[0].slug}")
        page.locator("input[name=name]").fill("Padaria Sem Script")
        page.locator("main form [type=submit]").last.click()
        page.wait_for_load_state()
        assert "Padaria Sem Script" in page.content()
