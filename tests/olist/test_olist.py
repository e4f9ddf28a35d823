"""The Olist data, imported by the documented commands: /executive's figures agree to the cent with an
independent SQL script over the raw files.

Runs on a synthetic set of the same shape, and on the real sample where it is at hand (OLIST_DATA, or the
folder `shared/data/olist` beside the project).
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser

from business.models import Payment, Project, ProjectStatusChange
from core.models import Agency, AuditEvent, User
from tests.olist import synthetic
from tests.olist.flatten import flatten

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
MAPS = ROOT / "docs" / "maps"
SAMPLE = Path(os.environ.get("OLIST_DATA") or ROOT.parent / "shared" / "data" / "olist")
ORDER = ("clients", "projects", "payments", "leads")
DAYS = (
    "2015-12-31",
    "2016-09-05",
    "2016-12-31",
    "2017-02-28",
    "2017-03-31",
    "2017-06-15",
    "2017-10-15",
    "2017-11-30",
    "2017-12-31",
    "2018-01-31",
    "2018-02-17",
    "2018-03-30",
    "2018-04-30",
    "2018-05-17",
    "2018-05-31",
    "2018-07-10",
    "2018-08-31",
    "2018-11-14",
    "2019-02-28",
)
IN_OVERVIEW = ("revenue_month", "revenue_growth_pct", "active_projects")
FIGURES = (*IN_OVERVIEW, "project_value_avg", "new_clients_month", "conversion_pct", "churn_pct")
Bring = Callable[..., str]


@pytest.fixture(params=["synthetic", "sample"])
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "sample":
        if not (SAMPLE / "olist_orders_dataset.csv").exists():
            pytest.skip("the Olist sample is not at hand: set OLIST_DATA to its folder")
        return SAMPLE
    synthetic.write(tmp_path / "raw")
    return tmp_path / "raw"


@pytest.fixture
def flat(raw: Path, tmp_path: Path) -> Path:
    flatten(raw, tmp_path / "flat")
    return tmp_path / "flat"


def bring(entity: str, file: Path, agency: str = "", **options: Any) -> str:
    """Runs the documented command; returns the last line of its output."""
    out, err = io.StringIO(), io.StringIO()
    arguments = [entity, str(file), "--map", str(MAPS / f"olist-{entity}.toml")]
    with contextlib.suppress(SystemExit):
        call_command(
            "import_csv", *arguments, *(["--agency", agency] if agency else []), stdout=out, stderr=err, **options
        )
    return out.getvalue().strip().splitlines()[-1]


def bring_all(flat: Path) -> dict[str, str]:
    said = {"agencies": bring("agencies", flat / "agencies.csv")}
    for agency in ("sp", "br"):
        for entity in ORDER:
            said[f"{agency} {entity}"] = bring(entity, flat / f"{agency}-{entity}.csv", agency)
    return said


def load_raw(raw: Path) -> None:
    """Scratch tables of the raw files, all text."""
    with connection.cursor() as cursor:
        for table, name in {
            "sellers": "sellers",
            "orders": "orders",
            "items": "order_items",
            "leads": "marketing_qualified_leads",
            "deals": "closed_deals",
        }.items():
            with (raw / f"olist_{name}_dataset.csv").open(newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            columns = ", ".join(f"{column} text" for column in header)
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
            cursor.executemany(f"INSERT INTO pg_temp.{table} VALUES ({', '.join(['%s'] * len(header))})", rows)
            cursor.execute(f"ANALYZE pg_temp.{table}")


def expected(day: str, agency: str) -> dict[str, Decimal | None]:
    with connection.cursor() as cursor:
        cursor.execute((Path(__file__).parent / "figures.sql").read_text(), {"day": day, "agency": agency})
        (values,) = cursor.fetchall()
    return dict(zip(FIGURES_OF_SQL, values, strict=True))


FIGURES_OF_SQL = (
    "revenue_month",
    "revenue_growth_pct",
    "active_projects",
    "project_value_avg",
    "new_clients_month",
    "conversion_pct",
    "churn_pct",
)


def shown(browser: Browser, day: str, agency: str) -> dict[str, Decimal | None]:
    scope = {"scope": "agency", "agency": agency} if agency else {"scope": "global"}
    answer = browser.get("/api/executive/metrics", {"as_of": day, **scope})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    groups = {**body["overview"], **body["business"]}
    return {name: None if groups[name] is None else Decimal(str(groups[name])) for name in FIGURES}


def test_every_figure_agrees_with_the_independent_script(
    raw: Path, flat: Path, admin: User, client_as: Callable[[User], Browser]
) -> None:
    said = bring_all(flat)
    assert all(line.endswith("rejected 0") for line in said.values()), said
    load_raw(raw)
    browser = client_as(admin)
    wrong = []
    compared = 0
    for day in DAYS:
        for agency in ("sp", "br", ""):
            ours, theirs = shown(browser, day, agency), expected(day, agency)
            for name in FIGURES:
                mine, other = ours[name], theirs[name]
                compared += 1
                near = mine == other if None in (mine, other) else abs(mine - other) <= Decimal("0.0001")  # type: ignore[operator]
                if not near:
                    wrong.append(f"{day} {agency or 'global'} {name}: shown {mine}, expected {other}")
    assert not wrong, "\n".join(wrong)
    assert compared > 250


def test_revenue_of_every_month_agrees(
    raw: Path, flat: Path, admin: User, client_as: Callable[[User], Browser]
) -> None:
    bring_all(flat)
    load_raw(raw)
    browser = client_as(admin)
    ends = [f"{year}-{month:02d}-28" for year in (2017, 2018) for month in range(1, 13)]
    for day in ends:
        for agency in ("sp", "br", ""):
            assert shown(browser, day, agency)["revenue_month"] == expected(day, agency)["revenue_month"], (day, agency)


def test_a_second_import_changes_nothing(flat: Path) -> None:
    bring_all(flat)
    before = (list(Payment.objects.order_by("id").values()), list(Project.objects.order_by("id").values()))
    steps, events = ProjectStatusChange.objects.count(), AuditEvent.objects.count()
    for name, line in bring_all(flat).items():
        assert line.startswith("created 0, updated 0, unchanged "), (name, line)
        assert line.endswith("rejected 0"), (name, line)
    assert before == (list(Payment.objects.order_by("id").values()), list(Project.objects.order_by("id").values()))
    assert (steps, events) == (ProjectStatusChange.objects.count(), AuditEvent.objects.count())


def test_spoiled_rows_are_rejected_by_line_with_the_rest_imported(flat: Path, tmp_path: Path) -> None:
    bring("agencies", flat / "agencies.csv")
    bring("clients", flat / "sp-clients.csv", "sp")
    bring("projects", flat / "sp-projects.csv", "sp")
    lines = (flat / "sp-payments.csv").read_bytes().splitlines()
    whole = len(lines) - 1
    header = lines[0].decode().split(",")

    def spoil(index: int, column: str, value: bytes) -> None:
        cells = lines[index].split(b",")
        cells[header.index(column)] = value
        lines[index] = b",".join(cells)

    spoil(2, "approved_at", b"13/45/2017 10:00")
    spoil(4, "amount", b"-1.00")
    spoil(6, "seller_id", b"nobody")
    spoil(8, "payment_id", lines[1].split(b",")[header.index("payment_id")])
    spoil(10, "payment_type", b"credit\xc3\x28card")
    spoiled, rejects = tmp_path / "spoiled.csv", tmp_path / "rejects.csv"
    spoiled.write_bytes(b"\n".join(lines) + b"\n")
    said = bring("payments", spoiled, "sp", rejects=rejects)
    assert said == f"created {whole - 5}, updated 0, unchanged 0, rejected 5"
    with rejects.open(newline="", encoding="utf-8") as file:
        found = [(row["line"], row["field"]) for row in csv.DictReader(file)]
    assert found == [("3", "paid_at"), ("5", "amount"), ("7", "client"), ("9", "source_id"), ("11", "")]
    assert Payment.objects.count() == whole - 5
    assert Agency.objects.count() == 2
