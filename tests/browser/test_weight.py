"""First load of any page: at most 100 KB compressed, everything that it pulls in counted."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from core.models import RoleGrant, User
from tests.browser.crawl import pages

LIMIT = 100 * 1024
# Already compressed formats go over the wire as they are.
AS_IT_IS = {".woff2", ".png", ".webp"}


def _asset(name: str, seen: set[str]) -> int:
    """Bytes of a static file and of what it refers to, each counted once."""
    if name in seen:
        return 0
    seen.add(name)
    path = finders.find(name)
    assert isinstance(path, str), f"{name} is not there"
    data = Path(path).read_bytes()
    size = len(data) if Path(path).suffix in AS_IT_IS else len(brotli.compress(data))
    if name.endswith(".css"):
        for reference in re.findall(rb"url\([\"']?([^\"')#]+)", data):
            if not reference.startswith(b"data:"):
                target = (Path("/") / Path(name).parent / reference.decode()).resolve()
                size += _asset(str(target.relative_to("/")), seen)
    return size


@pytest.mark.django_db
def test_first_load_is_at_most_100_kb() -> None:
    call_command("demo", "load", "--months", "24", verbosity=0)
    admin = User.objects.create_user("marina@example.com", name="Marina Prado")
    RoleGrant.objects.create(user=admin, role="admin")
    client = Client()
    client.force_login(admin)
    heavy = {}
    for address in [*pages(client), "/account/login/"]:
        html = client.get(address).content
        names = re.findall(rb"/static/([\w./-]+)", html)
        seen: set[str] = set()
        size = len(gzip.compress(html)) + sum(_asset(name.decode(), seen) for name in names)
        if size > LIMIT:
            heavy[address] = size
    assert heavy == {}
