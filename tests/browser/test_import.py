"""A person imports a file in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

from business.models import Client
from fvdash.celery import app
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
ROWS = "Código;Nome;Cidade;Cadastro\n1;Ana;São Paulo;02/03/2026\n2;Bia;Recife;15/03/2026\n3;;Natal;32/03/2026\n"
SHOTS = os.environ.get("SHOTS")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(settings, "MEDIA_DIR", tmp_path)
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize(
    "options",
    [{}, {"java_script_enabled": False}, {"viewport": {"width": 360, "height": 740}}, {"color_scheme": "dark"}],
    ids=["desktop", "noscript", "phone", "dark"],
)
def test_a_file_is_uploaded_checked_and_imported(
    site: Site, tmp_path: Path, options: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    before = Client.objects.count()
    name = request.node.callspec.id
    source = tmp_path / "clientes.csv"
    source.write_bytes(ROWS.encode("cp1252"))
    with site.context(**options) as context:
        page = context.new_page()
        page.goto(f"{site.url}/business/import?agency=demo-ipe-amarelo")
        shoot(page, f"{name}-1-upload")
        page.set_input_files("input[type=file]", str(source))
        page.get_by_role("button", name="Enviar e escolher colunas").click()
        page.wait_for_url("**/business/import/*-*")
        shoot(page, f"{name}-2-map")
        assert page.locator("[name='city-source']").input_value() == "Cidade"
        page.get_by_role("button", name="Conferir cada linha").click()
        page.wait_for_url("**/result")
        shoot(page, f"{name}-3-check")
        assert page.get_by_role("row", name="4 ").count() == 1
        assert Client.objects.count() == before
        page.get_by_role("button", name="Importar agora").click()
        page.get_by_role("link", name="Ver as linhas").wait_for()
        shoot(page, f"{name}-4-result")
        assert Client.objects.count() == before + 2
        width = page.evaluate("document.documentElement.scrollWidth") if options.get("java_script_enabled", True) else 0
        assert width <= 1280
        if name == "phone":
            assert width <= 360
