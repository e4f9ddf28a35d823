"""`make bench`: every benchmark beside its peer in one run, as one table and in bench/results.json.

It starts a PostgreSQL and a Redis of its own, as the tests do, and stops them at the end. Figures of shared
machines are noisy: what counts is the ratio to the peer.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers import TEMPLATE, Servers

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results.json"
WORKER = "bench"


def main() -> None:
    servers = Servers.of_this_run()
    os.environ.update(servers.environment(WORKER))
    os.environ["DJANGO_SETTINGS_MODULE"] = "fvdash.settings"
    with servers.running():
        import django

        sys.modules.setdefault("pytest", sys)  # the settings' switch for tests: no thread writes meanwhile
        django.setup()
        from django.conf import settings

        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        logging.getLogger().setLevel(logging.ERROR)
        logging.getLogger("fvdash").setLevel(logging.ERROR)
        results = _measure(servers)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"at": time.strftime("%FT%TZ", time.gmtime()), "results": results}, indent=2))
    _print(results)


def _measure(servers: Servers) -> list[dict[str, Any]]:
    from django.core.management import call_command
    from django.db import connections

    owner = connections["owner"]
    name, owner.settings_dict["NAME"] = owner.settings_dict["NAME"], TEMPLATE

    def migrate() -> None:
        call_command("migrate", database="owner", verbosity=0, interactive=False)

    servers.migrate_once(migrate)
    owner.close()
    owner.settings_dict["NAME"] = name

    from tests.bench import executive, import_rate, lists, middleware

    results: list[dict[str, Any]] = []
    benches: list[tuple[str, Callable[[], list[dict[str, Any]]]]]
    superuser = servers.postgres.superuser_url(servers.database(WORKER))
    benches = [
        ("import", import_rate.run),
        ("executive and lists", lambda: [*executive.run(superuser), *lists.run()]),
        # Last: it replaces the middleware and the URLs of this process.
        ("middleware", lambda: _middleware(middleware.measure())),
    ]
    for title, run in benches:
        connections.close_all()
        servers.clone(WORKER)
        print(f"measuring {title} …", file=sys.stderr, flush=True)
        results += run()
    connections.close_all()
    return results


def _middleware(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bare = float(rows[0]["us_per_request"])
    return [
        {
            "name": f"middleware: {row['case']}",
            "value": float(row["us_per_request"]),
            "unit": "us",
            "peer": "bare Django view",
            "peer_value": bare,
            "ratio": float(row["ratio_to_bare"]),
        }
        for row in rows
    ]


def _print(results: list[dict[str, Any]]) -> None:
    print(f"{'what':<52} {'ours':>12} {'unit':<8} {'peer':>12}  ratio  beside")
    for row in results:
        peer = "" if row.get("peer_value") is None else f"{float(row['peer_value']):.2f}"
        ratio = "" if row.get("ratio") is None else f"{float(row['ratio']):.2f}"
        figure, beside = float(row["value"]), row.get("peer") or ""
        print(f"{row['name']:<52} {figure:>12.2f} {row['unit']:<8} {peer:>12}  {ratio:>5}  {beside}")


if __name__ == "__main__":
    main()
