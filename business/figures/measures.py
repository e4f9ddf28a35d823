# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""The sums behind the figures: one SELECT per measure and window, all of them in one statement.

A measure is a handful of sums per agency. Sums add up over agencies (a client, a project, a lead has one
agency), so that the figure of the group and the table of its agencies come from the same rows, and no average
is ever averaged. Row functions of `rows.py` list what the same conditions select.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from business.figures.funnel import FunnelRow, funnel_sql
from business.figures.moments import Moment, Window
from core.metrics import Where

ZERO = Decimal(0)
# Four numbers: what they are, each measure says.
Sums = tuple[Decimal, Decimal, Decimal, Decimal]
NONE: Sums = (ZERO, ZERO, ZERO, ZERO)

OPEN = "NOT IN ('completed', 'cancelled')"
CLOSED = "IN ('completed', 'cancelled')"
CLOSED_AT = "business_closed_at(p.status, p.completed_at, p.cancelled_at)"


@dataclass(frozen=True)
class Need:
    """One measure over one window, or at one moment. `key` tells the present from its base."""

    measure: str
    key: str
    moment: Moment
    window: Window


@dataclass
class Statement:
    """SQL with its parameters, put together piece by piece."""

    params: dict[str, Any] = field(default_factory=dict)

    def add(self, value: Any) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"


def agencies_sql(where: Where, of: Statement, *, money: bool = False) -> str:
    """The agencies in scope as an SQL array; with `money` those of the currency asked for alone.

    A plan made once for the array lets each agency be a range of an index.
    """
    asked = []
    if where.agency_ids is not None:
        asked.append(f"id = ANY ({of.add(list(where.agency_ids))})")
    if money and where.currency:
        asked.append(f"currency = {of.add(where.currency)}")
    condition = f" WHERE {' AND '.join(asked)}" if asked else ""
    return f"ARRAY(SELECT id FROM core_agency{condition})"


@dataclass(frozen=True)
class Scope:
    """Names of the statement's agency arrays, and how a time becomes a day."""

    ids: str
    paying: str
    zone: str
    by_day: bool = False


def _revenue(need: Need, scope: Scope, of: Statement) -> str:
    """Received minus refunded, rows, received, refunded; each on its own day."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    paid = f"(paid_at AT TIME ZONE {scope.zone})::date" if scope.by_day else "NULL::date"
    refunded = f"(refunded_at AT TIME ZONE {scope.zone})::date" if scope.by_day else "NULL::date"
    return f"""
        SELECT agency_id, {paid}, sum(amount), count(*), sum(amount), 0
          FROM business_payment
         WHERE agency_id = ANY ({scope.paying}) AND paid_at BETWEEN {start} AND {end} GROUP BY 1, 2
        UNION ALL
        SELECT agency_id, {refunded}, -sum(refunded_amount), count(*), 0, sum(refunded_amount)
          FROM business_payment
         WHERE agency_id = ANY ({scope.paying}) AND refunded_at BETWEEN {start} AND {end} GROUP BY 1, 2"""


def open_projects_sql(moment: Moment, ids: str, of: Statement, columns: str) -> str:
    """Projects (as `p`) that were open at the moment: the same rule as business_client_activity's, read through
    indexes. Now, the status says it. Before: open now and not closed by its history then, or closed later."""
    at = of.add(moment.at)
    if moment.live:
        return f"""
            SELECT {columns} FROM business_project p
             WHERE p.agency_id = ANY ({ids}) AND p.status {OPEN} AND p.created_at <= {at}"""
    then = f"""(SELECT s.from_status FROM business_projectstatuschange s
                 WHERE s.project_id = p.id AND s.changed_at > {at} ORDER BY s.changed_at, s.id LIMIT 1)"""
    changed = f"""SELECT project_id FROM business_projectstatuschange
                   WHERE agency_id = ANY ({ids}) AND changed_at > {at}"""
    return f"""
        SELECT {columns} FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.status {OPEN} AND p.created_at <= {at}
           AND (p.id NOT IN ({changed}) OR coalesce({then}, '') {OPEN})
        UNION ALL
        SELECT {columns} FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.status {CLOSED} AND {CLOSED_AT} > {at} AND p.created_at <= {at}
        UNION ALL
        SELECT {columns} FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.status {CLOSED} AND {CLOSED_AT} IS NULL AND p.created_at <= {at}
           AND p.id IN ({changed}) AND coalesce(nullif({then}, ''), p.status) {OPEN}"""


def _open_projects(need: Need, scope: Scope, of: Statement) -> str:
    """Open projects."""
    rows = open_projects_sql(need.moment, scope.ids, of, "p.agency_id")
    return f"SELECT agency_id, NULL::date, count(*), 0, 0, 0 FROM ({rows}) p GROUP BY 1"


def facts_sql(ids: str) -> str:
    """Facts of all clients: kept ones, and those of marked clients from their rows."""
    return f"""
        SELECT f.client_id, f.agency_id, f.first_at, f.first_start, f.active, f.contracted
          FROM business_clientfact f
         WHERE f.agency_id = ANY ({ids})
           AND NOT EXISTS (SELECT FROM business_staleclient s WHERE s.client_id = f.client_id)
        UNION ALL
        SELECT a.client_id, a.agency_id, a.first_at, a.first_start, a.active, a.contracted
          FROM business_client_activity(ARRAY(SELECT DISTINCT client_id FROM business_staleclient)) a
         WHERE a.agency_id = ANY ({ids})"""


def is_new(moment: Moment, of: Statement) -> str:
    """The condition of a client whose first contract, project or payment falls in the month so far."""
    start, first, at = of.add(moment.month_start), of.add(moment.first), of.add(moment.at)
    return f"""(coalesce(first_at >= {start}, true) AND coalesce(first_start >= {first}, true)
                AND (first_at <= {at} OR first_start <= {of.add(moment.day)}))"""


def is_active(moment: Moment, of: Statement) -> str:
    """The condition of a client with a running contract, an open project or a payment of the last 90 days."""
    return f"(active @> {of.add(moment.at)}::timestamptz OR contracted @> {of.add(moment.day)}::date)"


def _clients(needs: Sequence[Need], of: Statement) -> str:
    """New clients, active at the month's start, of these not active at its end; for all windows in one pass."""
    parts = []
    for need in needs:
        opened, closed = is_active(need.moment.opening, of), is_active(need.moment, of)
        parts.append(f"""
            count(*) FILTER (WHERE {is_new(need.moment, of)}),
            count(*) FILTER (WHERE {opened}), count(*) FILTER (WHERE {opened} AND NOT {closed}), 0""")
    return ", ".join(parts)


def _answers(need: Need, scope: Scope, of: Statement) -> str:
    """Sum of scores, answers."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    return f"""
        SELECT agency_id, NULL::date, sum(score), count(*), 0, 0 FROM business_satisfaction
         WHERE agency_id = ANY ({scope.ids}) AND answered_at BETWEEN {start} AND {end} GROUP BY 1"""


def valued_projects_sql(need: Need, ids: str, of: Statement, columns: str) -> str:
    """Projects (as `p`) made in the window that have a value and were not cancelled by its end."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    return f"""
        SELECT {columns} FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.created_at BETWEEN {start} AND {end} AND p.value IS NOT NULL
           AND (p.status <> 'cancelled' OR p.cancelled_at > {end})"""


def _values(need: Need, scope: Scope, of: Statement) -> str:
    """Sum of values, projects."""
    rows = valued_projects_sql(need, scope.paying, of, "p.agency_id, p.value")
    return f"SELECT agency_id, NULL::date, sum(value), count(*), 0, 0 FROM ({rows}) p GROUP BY 1"


def _leads(need: Need, scope: Scope, of: Statement) -> str:
    """Won, closed."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    return f"""
        SELECT agency_id, NULL::date, count(*) FILTER (WHERE outcome = 'won'), count(*), 0, 0
          FROM business_lead
         WHERE agency_id = ANY ({scope.ids}) AND closed_at BETWEEN {start} AND {end}
           AND outcome IN ('won', 'lost') GROUP BY 1"""


def running_contracts_sql(moment: Moment, ids: str, of: Statement, columns: str) -> str:
    """Contracts (as `k`) that run on the moment's day, with the amount in force (`amount`) on it."""
    day = of.add(moment.day)
    return f"""
        SELECT {columns} FROM (
            SELECT k.*, coalesce(c.amount, k.amount) AS in_force FROM business_contract k
              LEFT JOIN (SELECT DISTINCT ON (contract_id) contract_id, amount FROM business_contractchange
                          WHERE agency_id = ANY ({ids}) AND effective_from <= {day}
                          ORDER BY contract_id, effective_from DESC) c
                ON c.contract_id = k.id
             WHERE k.agency_id = ANY ({ids}) AND k.start <= {day} AND (k."end" IS NULL OR k."end" >= {day})
        ) k"""


def _recurring(need: Need, scope: Scope, of: Statement) -> str:
    """Amounts in force of monthly, of quarterly and of annual contracts; contracts."""
    columns = "k.agency_id, k.interval, k.in_force"
    rows = running_contracts_sql(need.moment, scope.paying, of, columns)
    by = ", ".join(
        f"coalesce(sum(in_force) FILTER (WHERE interval = '{interval}'), 0)"
        for interval in ("monthly", "quarterly", "annual")
    )
    return f"SELECT agency_id, NULL::date, {by}, count(*) FROM ({rows}) k GROUP BY 1"


def _existing(need: Need, scope: Scope, of: Statement) -> str:
    """Whether there is any payment, project, client, contract (1 or 0) of the agency by then.

    Now, every row counts, whatever its date; then, those that had a date by then. A client may have been
    entered long after its first project: it exists since the earlier of the two.
    """
    if need.moment.live:
        by = dict.fromkeys(("paid", "made", "entered", "started"), "")
    else:
        at, day = of.add(need.moment.at), of.add(need.moment.day)
        by = {
            "paid": f" AND paid_at <= {at}",
            "made": f" AND created_at <= {at}",
            "entered": f" AND created_at <= {at}",
            "started": f" AND start <= {day}",
        }
    later = "" if need.moment.live else " AND client_id IS NOT NULL"

    def some(table: str, condition: str) -> str:
        return f"EXISTS (SELECT FROM business_{table} x WHERE x.agency_id = a.id{condition})"

    payments = some("payment", by["paid"])
    project, contract = some("project", by["made"]), some("contract", by["started"])
    clients = f"""CASE WHEN {some("client", by["entered"])} THEN true
        WHEN {some("project", by["made"] + later)} THEN true WHEN {contract} THEN true
        ELSE {some("payment", by["paid"] + later)} END"""
    money = f"a.id = ANY ({scope.paying})"
    return f"""
        SELECT a.id, NULL::date, ({money} AND {payments})::int, ({project})::int, ({clients})::int,
               ({money} AND {contract})::int
          FROM unnest({scope.ids}) a(id)"""


_MEASURES = {
    "revenue": _revenue,
    "open_projects": _open_projects,
    "answers": _answers,
    "values": _values,
    "leads": _leads,
    "recurring": _recurring,
    "existing": _existing,
}


@dataclass
class Measured:
    """What a statement found, by (measure, key): sums per agency, and for `by_day` per agency and day.

    `currencies`: of the agencies in scope, or of the one asked for.
    """

    sums: dict[tuple[str, str], dict[int, Sums]]
    days: dict[tuple[str, str], dict[tuple[int, dt.date], Sums]]
    currencies: tuple[str, ...]
    asked: frozenset[tuple[str, str]] = frozenset()
    funnel: list[FunnelRow] = field(default_factory=list)

    def total(self, measure: str, key: str, agency_id: int | None = None) -> Sums:
        """The sums of one agency, or of all in scope."""
        found = self.sums.get((measure, key), {})
        return found.get(agency_id, NONE) if agency_id is not None else added(found.values())


def added(sums: Iterable[Sums]) -> Sums:
    totals = [ZERO, ZERO, ZERO, ZERO]
    for row in sums:
        for index, value in enumerate(row):
            totals[index] += value
    return (totals[0], totals[1], totals[2], totals[3])


def _statement(where: Where, needs: Sequence[Need], by_day: bool, funnel: Window | None) -> tuple[str, dict[str, Any]]:
    of = Statement()
    zone = of.add(where.zone)
    scope = Scope("(SELECT ids FROM scope)::bigint[]", "(SELECT ids FROM paying)::bigint[]", zone, by_day)
    ctes = [
        f"scope AS MATERIALIZED (SELECT {agencies_sql(where, of)} AS ids)",
        f"paying AS MATERIALIZED (SELECT {agencies_sql(where, of, money=True)} AS ids)",
    ]
    selects = []
    clients = [need for need in needs if need.measure == "clients"]
    if clients:
        ctes.append(f"facts AS ({facts_sql(scope.ids)})")
        ctes.append(
            f"counted AS MATERIALIZED (SELECT agency_id, ARRAY[{_clients(clients, of)}] AS n FROM facts GROUP BY 1)"
        )
    for index, need in enumerate(clients):
        numbers = ", ".join(f"n[{index * 4 + i}]" for i in range(1, 5))
        selects.append(f"SELECT 'clients', '{need.key}', agency_id, NULL::date, {numbers} FROM counted")
    for need in needs:
        if need.measure != "clients":
            inner = _MEASURES[need.measure](need, scope, of)
            selects.append(
                f"SELECT '{need.measure}', '{need.key}', m.* FROM ({inner}) AS m(agency_id, day, a, b, c, d)"
            )
    selects.append(
        "SELECT 'currency', currency, 0, NULL::date, 0, 0, 0, 0 FROM core_agency"
        f" WHERE id = ANY ({scope.paying}) GROUP BY currency"
    )
    if funnel:
        selects.append(
            f"SELECT 'funnel', source, 0, NULL::date, came, won, lost, 0"
            f" FROM ({funnel_sql(funnel, scope.ids, of)}) AS f(source, came, won, lost)"
        )
    # The comment keeps the statement from looking like a write, and names it in the server's statistics.
    return f"/* figures */ WITH {', '.join(ctes)} {' UNION ALL '.join(selects)}", of.params


def measure(where: Where, needs: Iterable[Need], *, by_day: bool = False, funnel: Window | None = None) -> Measured:
    """Reads all `needs`, and the funnel of a window, in one statement."""
    wanted = list(dict.fromkeys(needs))
    sql, params = _statement(where, wanted, by_day, funnel)
    found = Measured({}, {}, (), frozenset((need.measure, need.key) for need in wanted))
    currencies = []
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for name, key, agency_id, day, *values in cursor.fetchall():
            if name == "currency":
                currencies.append(key)
                continue
            if name == "funnel":
                found.funnel.append(FunnelRow(key, int(values[0]), int(values[1]), int(values[2])))
                continue
            a, b, c, d = (Decimal(value or 0) for value in values)
            sums = found.sums.setdefault((name, key), {})
            sums[agency_id] = added((sums.get(agency_id, NONE), (a, b, c, d)))
            if day is not None:
                days = found.days.setdefault((name, key), {})
                days[agency_id, day] = added((days.get((agency_id, day), NONE), (a, b, c, d)))
    found.currencies = tuple(sorted(currencies))
    return found
