"""Looking closer at a chart, with the mouse and from the keyboard."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from monitoring import store
from monitoring.store import Sampled
from tests.browser.conftest import Site


@pytest.mark.parametrize("path", ["/monitoring", "/monitoring/metric?metric=cpu_pct"])
def test_dragging_over_a_chart_sets_the_window_in_the_address(site: Site, path: str) -> None:
    store.write("app-01", timezone.now(), [Sampled("cpu_pct", 20.0), Sampled("cpu.core_pct", 20.0, {"core": "0"})])
    with site.context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(site.url + path, wait_until="load")
        chart = page.locator("[data-zoom] .pad svg.wide").last
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.25, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=4)
        with page.expect_navigation():
            page.mouse.up()
        query = parse_qs(urlsplit(page.url).query)
        assert query["from"][0] < query["to"][0]
        assert "window" not in query
        # The window stands still now, and "Now" leads back to the one that moves.
        assert page.locator("#live[hx-get]").count() == 0
        page.get_by_role("link", name="Afastar").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert parse_qs(urlsplit(page.url).query)["from"][0] < query["from"][0]
