"""Files of the same shape as the Olist data set, invented: blank cells, US-style dates, orders of several
sellers, orders without items or approval, payments in parts, a delivery before the purchase, a local time that
the change of clocks skipped."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path
from typing import Any

STATES = ("SP", "SP", "SP", "PR", "MG", "RJ", "SC", "RS")
CITIES = (
    "campinas",
    "são paulo",
    "santa barbara d´oeste",
    "curitiba",
    "novo hamburgo, rio grande do sul",
    "mogi guacu",
)
STATUSES = ("delivered",) * 20 + ("shipped", "canceled", "unavailable", "processing", "invoiced", "created")
FIRST = dt.datetime(2016, 9, 4, 21, 15)
DAYS = 740


def write(folder: Path, *, seed: int = 3, sellers: int = 60, orders: int = 900, leads: int = 400) -> None:
    """Writes the raw files into the folder."""
    rng = random.Random(seed)

    def key() -> str:
        return f"{rng.getrandbits(128):032x}"

    who = [[key(), str(rng.randint(1000, 99999)), rng.choice(CITIES), rng.choice(STATES)] for _ in range(sellers)]
    order_rows, item_rows, payment_rows = [], [], []
    for number in range(orders):
        bought = FIRST + dt.timedelta(minutes=rng.randrange(DAYS * 1440))
        approved = bought + dt.timedelta(minutes=rng.randrange(5, 4000))
        status = rng.choice(STATUSES)
        delivered = approved + dt.timedelta(minutes=rng.randrange(1440, 40000)) if status == "delivered" else None
        if number == 1:
            bought = approved = dt.datetime(2017, 10, 15, 0, 30)
            delivered = bought + dt.timedelta(days=9)
        if number in (3, 4):
            # In the hour by which 365 and 90 days differ from as many times 24 hours.
            bought = approved = dt.datetime(2017, 2, 18, 0, 30) if number == 3 else dt.datetime(2018, 2, 17, 0, 30)
            delivered = bought + dt.timedelta(days=9) if status == "delivered" else None
        if number == 2:
            delivered = bought - dt.timedelta(days=1)
        if status == "invoiced":
            delivered = approved + dt.timedelta(days=3)
        if status == "delivered" and rng.random() < 0.02:
            delivered = None
        paid = status != "created" and rng.random() > 0.01
        order = key()
        order_rows.append(
            [
                order,
                key(),
                status,
                _us(bought),
                _us(approved) if paid else "",
                _us(approved) if rng.random() > 0.02 else "",
                _us(delivered),
                _us((bought + dt.timedelta(days=rng.randint(10, 50))).replace(hour=0, minute=0)),
            ]
        )
        for item in range(rng.choice((0, 1, 1, 1, 1, 2, 3))):
            price = rng.choice((f"{rng.randint(5, 900)}", f"{rng.randint(5, 900)}.{rng.randint(1, 9)}", "99.99"))
            item_rows.append(
                [order, item + 1, key(), rng.choice(who)[0], _us(approved), price, f"{rng.uniform(5, 40):.2f}"]
            )
        for part in range(rng.choice((0, 1, 1, 2))):
            kind = rng.choice(("credit_card", "boleto", "voucher", "debit_card"))
            payment_rows.append([order, part + 1, kind, rng.randint(1, 10), f"{rng.uniform(5, 500):.2f}"])
    rng.shuffle(item_rows)
    rng.shuffle(payment_rows)
    lead_rows, deal_rows = [], []
    for _ in range(leads):
        contact = dt.date(2017, 6, 14) + dt.timedelta(days=rng.randrange(352))
        lead = key()
        lead_rows.append(
            [lead, contact.isoformat(), key(), rng.choice(("social", "email", "organic_search", "", "unknown"))]
        )
        if rng.random() < 0.14:
            won = dt.datetime.combine(contact, dt.time(11, 30, 13)) + dt.timedelta(days=rng.randint(1, 150))
            seller = rng.choice(who)[0] if rng.random() < 0.6 else key()
            deal_rows.append(
                [lead, seller, key(), key(), str(won), "pet", "online_big", "cat", "", "", "", "reseller", "", "0.0"]
            )
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, "sellers", "seller_id,seller_zip_code_prefix,seller_city,seller_state", who)
    _write(
        folder,
        "orders",
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
        "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date",
        order_rows,
    )
    _write(
        folder,
        "order_items",
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value",
        item_rows,
    )
    _write(
        folder,
        "order_payments",
        "order_id,payment_sequential,payment_type,payment_installments,payment_value",
        payment_rows,
    )
    _write(folder, "marketing_qualified_leads", "mql_id,first_contact_date,landing_page_id,origin", lead_rows)
    _write(
        folder,
        "closed_deals",
        "mql_id,seller_id,sdr_id,sr_id,won_date,business_segment,lead_type,lead_behaviour_profile,has_company,"
        "has_gtin,average_stock,business_type,declared_product_catalog_size,declared_monthly_revenue",
        deal_rows,
    )


def _us(moment: dt.datetime | None) -> str:
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02d}" if moment else ""


def _write(folder: Path, name: str, header: str, rows: list[list[Any]]) -> None:
    with (folder / f"olist_{name}_dataset.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
