"""How fast an import is: projects and payments from CSV files, with checks, history and audit trail.

The peer writes the same rows one by one with Django's update_or_create, as common import packages do.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

ROWS = 100_000
OF_THE_PEER = 1_000
_CLIENTS = """
[fields]
source_id = { column = "id" }
name = { column = "name" }
"""
_PROJECTS = """
[fields]
source_id = { column = "id" }
client = { column = "client" }
name = { column = "name" }
status = { column = "status", values = { delivered = "completed" }, default = "active" }
value = { column = "value", decimal = "," }
created_at = { column = "created", format = "%d/%m/%Y %H:%M" }
completed_at = { column = "done", format = "%d/%m/%Y %H:%M" }
"""
_PAYMENTS = """
[fields]
source_id = { column = "id" }
project = { column = "project" }
client = { column = "client" }
amount = { column = "value", decimal = "," }
paid_at = { column = "paid", format = "%d/%m/%Y %H:%M" }
method = { column = "method", values = { cartao = "card" }, default = "other" }
"""


def run(rows: int = ROWS) -> list[dict[str, Any]]:
    """The rates, in rows a second."""
    from business.importing import mapping
    from business.importing.entities import ENTITIES
    from business.importing.running import Counts, Import
    from core.agencies.models import Agency

    agency = Agency.objects.create(slug=f"bench-{time.time_ns()}", name="Bench")

    def load(entity: str, path: Path, toml: str) -> tuple[float, Counts]:
        started = time.perf_counter()
        counts = Import(ENTITIES[entity], agency, mapping.parse(toml, ENTITIES[entity])).run([path])
        return counts.read / (time.perf_counter() - started), counts

    with tempfile.TemporaryDirectory() as folder:
        clients, projects, payments = (Path(folder) / f"{name}.csv" for name in ("clients", "projects", "payments"))
        _write(clients, ["id", "name"], ([f"c{n}", f"Cliente São {n}"] for n in range(2_000)))
        _write(
            projects,
            ["id", "client", "name", "status", "value", "created", "done"],
            (
                [
                    f"p{n}",
                    f"c{n % 2000}",
                    f"Projeto {n}",
                    "delivered" if n % 3 else "shipped",
                    f"{n % 9000},50",
                    _day(n),
                    _day(n + 40) if n % 3 else "",
                ]
                for n in range(rows)
            ),
        )
        _write(
            payments,
            ["id", "project", "client", "value", "paid", "method"],
            ([f"m{n}", f"p{n}", f"c{n % 2000}", f"{n % 900},99", _day(n + 9), "cartao"] for n in range(rows)),
        )
        load("clients", clients, _CLIENTS)
        made, first = load("projects", projects, _PROJECTS)
        again, second = load("projects", projects, _PROJECTS)
        paid, third = load("payments", payments, _PAYMENTS)
    if (first.created, second.unchanged, third.created) != (rows, rows, rows):
        raise RuntimeError(f"the import went wrong: {first}; {second}; {third}")
    peer = _peer(agency)
    return [
        _row(f"import of {rows:,} projects", made, peer),
        _row(f"import of the same {rows:,} projects again", again, peer),
        _row(f"import of {rows:,} payments", paid, peer),
    ]


def _row(name: str, value: float, peer: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value),
        "unit": "rows/s",
        "peer": "update_or_create, row by row",
        "peer_value": round(peer),
        "ratio": round(value / peer, 1),
    }


def _peer(agency: Any) -> float:
    from business.models import Project

    started = time.perf_counter()
    for n in range(OF_THE_PEER):
        Project.objects.update_or_create(
            agency=agency,
            source_id=f"peer{n}",
            defaults={"name": f"Projeto {n}", "status": "active", "value": Decimal(n)},
        )
    return OF_THE_PEER / (time.perf_counter() - started)


def _day(number: int) -> str:
    return (dt.datetime(2024, 1, 1, 9, 30) + dt.timedelta(minutes=11 * number)).strftime("%d/%m/%Y %H:%M")


def _write(path: Path, header: list[str], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)
