# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""The rows that a figure is made of: the same conditions as its sums, one row for each thing counted.

What a row adds to the sums is on the row, so that the sums of all rows make the figure again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from business.figures.definitions import FIGURES
from business.figures.measures import (
    Statement,
    Sums,
    agencies_sql,
    facts_sql,
    is_active,
    is_new,
    open_projects_sql,
    running_contracts_sql,
    valued_sql,
)
from business.figures.moments import Moment
from core.metrics import Where

Key = tuple[dt.datetime, str, int]


@dataclass(frozen=True)
class Row:
    """`kind`: payment, refund, project, client, answer, contract or lead. `note` is the kind's own detail: a
    method, a status, a source, an interval. `of_base`: the row counts for the base, not for the figure now."""

    kind: str
    id: int
    at: dt.datetime
    name: str
    note: str
    agency_id: int
    of_base: bool
    sums: Sums

    @property
    def key(self) -> Key:
        return (self.at, self.kind, self.id)


# kind, id, at, client_id, name, note, agency_id, of_base, a, b, c, d
def _payments(moment: Moment, of: Statement, ids: str, base: bool) -> str:
    window = moment.month
    start, end = of.add(window.start), of.add(window.end)
    flag = "true" if base else "false"
    return f"""
        SELECT 'payment', id, paid_at, client_id, '', method, agency_id, {flag}, amount, 1, amount, 0
          FROM business_payment WHERE agency_id = ANY ({ids}) AND paid_at BETWEEN {start} AND {end}
        UNION ALL
        SELECT 'refund', id, refunded_at, client_id, '', method, agency_id, {flag}, -refunded_amount, 1, 0,
               refunded_amount
          FROM business_payment WHERE agency_id = ANY ({ids}) AND refunded_at BETWEEN {start} AND {end}"""


def _revenue(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    return _payments(moment, of, paying, False)


def _growth(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    now, base = _payments(moment, of, paying, False), _payments(moment.month_ago, of, paying, True)
    return f"{now} UNION ALL {base}"


def _projects(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    columns = "'project', p.id, p.created_at, p.client_id, p.name, p.status, p.agency_id, false, 1, 0, 0, 0"
    return open_projects_sql(moment, ids, of, columns)


def _values(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    columns = "'project', p.id, p.created_at, p.client_id, p.name, p.status, p.agency_id, false, p.value, 1, 0, 0"
    inside = valued_sql(moment.last_days(365), of)
    return f"SELECT {columns} FROM business_project p WHERE p.agency_id = ANY ({paying}) AND {inside}"


def _first(zone: str) -> str:
    return f"least(f.first_at, f.first_start::timestamp AT TIME ZONE {zone})"


def _new_clients(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    return f"""
        SELECT 'client', f.client_id, {_first(zone)}, f.client_id, '', '', f.agency_id, false, 1, 0, 0, 0
          FROM ({facts_sql(ids)}) f WHERE {is_new(moment, of)}"""


def _churn(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    stays = is_active(moment, of)
    return f"""
        SELECT 'client', f.client_id, {_first(zone)}, f.client_id, '',
               CASE WHEN {stays} THEN 'stayed' ELSE 'left' END, f.agency_id, false,
               ({is_new(moment, of)})::int, 1, (NOT {stays})::int, 0
          FROM ({facts_sql(ids)}) f WHERE {is_active(moment.opening, of)}"""


def _answers(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    window = moment.last_days(90)
    start, end = of.add(window.start), of.add(window.end)
    return f"""
        SELECT 'answer', id, answered_at, client_id, '', '', agency_id, false, score, 1, 0, 0
          FROM business_satisfaction WHERE agency_id = ANY ({ids}) AND answered_at BETWEEN {start} AND {end}"""


def _leads(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    window = moment.last_days(90)
    start, end = of.add(window.start), of.add(window.end)
    return f"""
        SELECT 'lead', id, closed_at, client_id, name, outcome, agency_id, false, (outcome = 'won')::int, 1, 0, 0
          FROM business_lead WHERE agency_id = ANY ({ids}) AND closed_at BETWEEN {start} AND {end}
           AND outcome IN ('won', 'lost')"""


def _contracts(moment: Moment, of: Statement, ids: str, paying: str, zone: str) -> str:
    amounts = ", ".join(
        f"CASE WHEN k.interval = '{interval}' THEN k.in_force ELSE 0 END"
        for interval in ("monthly", "quarterly", "annual")
    )
    columns = f"""'contract', k.id, k.start::timestamp AT TIME ZONE {zone}, k.client_id, k.name, k.interval,
        k.agency_id, false, {amounts}, 1"""
    return running_contracts_sql(moment, paying, of, columns)


_ROWS: dict[str, Callable[[Moment, Statement, str, str, str], str]] = {
    "revenue_month": _revenue,
    "revenue_growth_pct": _growth,
    "active_projects": _projects,
    "new_clients_month": _new_clients,
    "churn_pct": _churn,
    "satisfaction": _answers,
    "project_value_avg": _values,
    "conversion_pct": _leads,
    "mrr": _contracts,
}


def rows(where: Where, moment: Moment, name: str, *, after: Key | None = None, limit: int = 50) -> list[Row]:
    """At most `limit` rows, newest first, from the one beyond the key `after`."""
    assert name in FIGURES
    of = Statement()
    ids, paying = agencies_sql(where, of), agencies_sql(where, of, money=True)
    inner = _ROWS[name](moment, of, ids, paying, of.add(where.zone))
    beyond = ""
    if after:
        at, kind, row_id = (of.add(part) for part in after)
        beyond = f"WHERE (r.at, r.kind, r.id) < ({at}::timestamptz, {kind}::text, {row_id}::bigint)"
    sql = f"""/* rows */
        SELECT r.kind, r.id, r.at, coalesce(nullif(r.name, ''), c.name, ''), r.note, r.agency_id, r.of_base,
               r.a, r.b, r.c, r.d
          FROM (SELECT * FROM ({inner})
                    AS r(kind, id, at, client_id, name, note, agency_id, of_base, a, b, c, d)
                 {beyond} ORDER BY at DESC, kind DESC, id DESC LIMIT {of.add(limit)}) r
          LEFT JOIN business_client c ON c.id = r.client_id
         ORDER BY r.at DESC, r.kind DESC, r.id DESC"""
    with connection.cursor() as cursor:
        cursor.execute(sql, of.params)
        return [_row(*found) for found in cursor.fetchall()]


def _row(
    kind: str, row_id: int, at: dt.datetime, name: str, note: str, agency_id: int, of_base: bool, *sums: Any
) -> Row:
    a, b, c, d = (Decimal(value) for value in sums)
    return Row(kind, row_id, at, name, note, agency_id, of_base, (a, b, c, d))
