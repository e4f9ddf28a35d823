"""Makes flat CSV files of the Olist data set, as a person would with a spreadsheet: an import joins nothing.

    python -m tests.olist.flatten RAW_FOLDER FLAT_FOLDER

Writes `agencies.csv` and, for each agency (`sp`: sellers of the state of São Paulo, `br`: all others),
`<agency>-clients.csv`, `-projects.csv`, `-payments.csv` and `-leads.csv`. Decisions where the data is silent:

- an order of several sellers belongs to the seller of its first item, with the value of all its items;
- an order without an item has no client and no value, and is of `br`;
- a lead is of its seller's agency, of `br` when the seller is not known or there is none;
- a lead without a deal 90 days after its first contact was lost then, unless the data ends before.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

AGENCIES = {"sp": "Olist São Paulo", "br": "Olist Brasil"}
PATIENCE = dt.timedelta(days=90)
Row = dict[str, str]


def read(folder: Path, name: str) -> list[Row]:
    with (folder / f"olist_{name}_dataset.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def flatten(raw: Path, flat: Path) -> None:
    """Reads the raw files of `raw` and writes the flat ones into `flat`."""
    flat.mkdir(parents=True, exist_ok=True)
    _write(flat / "agencies.csv", [{"slug": slug, "name": name} for slug, name in AGENCIES.items()])
    sellers = read(raw, "sellers")
    agency_of = {row["seller_id"]: "sp" if row["seller_state"] == "SP" else "br" for row in sellers}
    items: dict[str, list[Row]] = {}
    for row in read(raw, "order_items"):
        items.setdefault(row["order_id"], []).append(row)
    for rows in items.values():
        rows.sort(key=lambda row: int(row["order_item_id"]))
    methods: dict[str, Row] = {}
    for row in read(raw, "order_payments"):
        first = methods.get(row["order_id"])
        if first is None or int(row["payment_sequential"]) < int(first["payment_sequential"]):
            methods[row["order_id"]] = row
    files: dict[str, list[Row]] = {}
    for row in sellers:
        files.setdefault(f"{agency_of[row['seller_id']]}-clients", []).append(row)
    for order in read(raw, "orders"):
        of_order = items.get(order["order_id"], [])
        seller = of_order[0]["seller_id"] if of_order else ""
        value = str(sum(Decimal(row["price"]) + Decimal(row["freight_value"]) for row in of_order)) if of_order else ""
        agency = agency_of.get(seller, "br")
        files.setdefault(f"{agency}-projects", []).append({**order, "seller_id": seller, "value": value})
        if of_order and order["order_approved_at"]:
            files.setdefault(f"{agency}-payments", []).append(
                {
                    "payment_id": order["order_id"],
                    "order_id": order["order_id"],
                    "seller_id": seller,
                    "amount": value,
                    "approved_at": order["order_approved_at"],
                    "payment_type": methods.get(order["order_id"], {}).get("payment_type", ""),
                }
            )
    deals = {row["mql_id"]: row for row in read(raw, "closed_deals")}
    known_until = max((row["won_date"] for row in deals.values()), default="9999-12-31")[:10]
    for lead in read(raw, "marketing_qualified_leads"):
        deal = deals.get(lead["mql_id"])
        seller = deal["seller_id"] if deal else ""
        given_up = dt.date.fromisoformat(lead["first_contact_date"]) + PATIENCE
        if deal:
            outcome, closed = "won", deal["won_date"]
        elif given_up.isoformat() <= known_until:
            outcome, closed = "lost", given_up.isoformat()
        else:
            outcome, closed = "open", ""
        files.setdefault(f"{agency_of.get(seller, 'br')}-leads", []).append(
            {**lead, "outcome": outcome, "closed_at": closed, "seller_id": seller if seller in agency_of else ""}
        )
    for name, found in files.items():
        _write(flat / f"{name}.csv", found)


def _write(path: Path, rows: Iterable[Row]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    flatten(Path(sys.argv[1]), Path(sys.argv[2]))
