"""Finds every page by following links, one address per route."""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

# Not pages: answers of the API, files to download, and what ends the session.
NOT_A_PAGE = re.compile(r"^/(api/(?!docs)|static/|account/logout)|format=csv|\.(csv|toml)$|/download")
SEEDS = (
    "/",
    "/executive",
    "/business/clients",
    "/business/import",
    "/monitoring",
    "/monitoring/schedule",
    "/monitoring/status",
    "/status",
    "/configuration",
    "/configuration/people",
    "/account/",
    "/api/docs",
)


def pages(client: Client, limit: int = 120) -> list[str]:
    """Addresses of pages that answer 200 with HTML, the first found of each route."""
    waiting, seen = deque(SEEDS), set[str]()
    found: dict[str, str] = {}
    while waiting and len(found) < limit:
        address = waiting.popleft()
        parts = urlsplit(address)
        try:
            route = resolve(parts.path).route
        except Resolver404:
            continue
        if route in seen or NOT_A_PAGE.search(address):
            continue
        seen.add(route)
        response = client.get(address, follow=True)
        if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
            continue
        landed = response.redirect_chain[-1][0] if response.redirect_chain else address
        if landed != address:
            seen.add(resolve(urlsplit(landed).path).route)
        found[resolve(urlsplit(landed).path).route] = landed
        for link in re.findall(r'<a[^>]+href="([^"#]+)', response.content.decode()):
            target = urlsplit(urljoin(landed, unescape(link)))
            if not target.netloc:
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return list(found.values())
