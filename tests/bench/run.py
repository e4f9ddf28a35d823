"""`make bench`: every benchmark beside its peer in one run, as one table and in bench/results.json.

    .venv/bin/python -m tests.bench.run lists executive

measures these parts alone and leaves the file as it is. It starts a PostgreSQL and a Redis of its own, as the
tests do, and stops them at the end. Figures of shared machines are noisy: what counts is the ratio to the peer.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.servers import TEMPLATE, Servers

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results.json"
WORKER = "bench"
PARTS = ("import", "executive", "lists", "store", "requests", "page", "middleware")


def main(argv: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.run", description="Benchmarks beside their peers.")
    parser.add_argument("part", nargs="*", choices=PARTS, help="what to measure (default: all)")
    chosen = parser.parse_args(argv).part
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
        results = _measure(servers, chosen or PARTS)
    if not chosen:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"at": time.strftime("%FT%TZ", time.gmtime()), "results": results}, indent=2))
    _print(results)


def _measure(servers: Servers, chosen: Sequence[str]) -> list[dict[str, Any]]:
    from django.core.management import call_command
    from django.db import connections

    owner = connections["owner"]
    name, owner.settings_dict["NAME"] = owner.settings_dict["NAME"], TEMPLATE

    def migrate() -> None:
        call_command("migrate", database="owner", verbosity=0, interactive=False)

    servers.migrate_once(migrate)
    owner.close()
    owner.settings_dict["NAME"] = name

    from tests.bench import (
        executive,
        import_rate,
        lists,
        middleware,
        monitoring_page,
        monitoring_requests,
        monitoring_store,
    )

    results: list[dict[str, Any]] = []
    superuser = servers.postgres.superuser_url(servers.database(WORKER))
    # The business that the executive page is measured with serves the lists too.
    filled = "executive" in chosen
    benches: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "import": import_rate.run,
        "executive": lambda: executive.run(superuser),
        "lists": lambda: lists.run(None if filled else superuser),
        "store": monitoring_store.run,
        "requests": lambda: monitoring_requests.run(superuser),
        "page": lambda: monitoring_page.run(superuser),
        # Last: it replaces the middleware and the URLs of this process.
        "middleware": lambda: _middleware(middleware.measure()),
    }
    for part, run in benches.items():
        if part not in chosen:
            continue
        if not (part == "lists" and filled):
            connections.close_all()
            servers.clone(WORKER)
        print(f"measuring {part} …", file=sys.stderr, flush=True)
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
        if row.get("alone") is not None:
            beside += f"; {row['alone']} without waits for a processor"
        print(f"{row['name']:<52} {figure:>12.2f} {row['unit']:<8} {peer:>12}  {ratio:>5}  {beside}")


if __name__ == "__main__":
    main(sys.argv[1:])
