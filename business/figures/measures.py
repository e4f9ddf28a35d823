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
from zoneinfo import ZoneInfo

from django.db import connection

from business.figures.activity import KEPT, PAID_DAYS
from business.figures.funnel import FunnelRow, funnel_sql
from business.figures.moments import TICK, Moment, Window, start_of
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
    """Names of the statement's agency arrays, and whether revenue is told by day."""

    ids: str
    paying: str
    by_day: bool = False


def _revenue(need: Need, scope: Scope, of: Statement) -> str:
    """Received minus refunded, rows, received, refunded; each on its own day."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    paid = refunded = "NULL::date"
    if scope.by_day:
        # A search among the days' first instants costs a fifth of a conversion to the zone.
        first, starts = _days_of(need)
        days = f"{of.add(starts)}::timestamptz[]"
        paid = f"{of.add(first)}::date + width_bucket(paid_at, {days}) - 1"
        refunded = f"{of.add(first)}::date + width_bucket(refunded_at, {days}) - 1"
    return f"""
        SELECT agency_id, {paid}, sum(amount), count(*), sum(amount), 0
          FROM business_payment
         WHERE agency_id = ANY ({scope.paying}) AND paid_at BETWEEN {start} AND {end} GROUP BY 1, 2
        UNION ALL
        SELECT agency_id, {refunded}, -sum(refunded_amount), count(*), 0, sum(refunded_amount)
          FROM business_payment
         WHERE agency_id = ANY ({scope.paying}) AND refunded_at BETWEEN {start} AND {end} GROUP BY 1, 2"""


def _days_of(need: Need) -> tuple[dt.date, list[dt.datetime]]:
    """The window's first day, and the first instant of each of its days."""
    zone = ZoneInfo(need.moment.zone)
    first, last = (at.astimezone(zone).date() for at in (need.window.start, need.window.end))
    days = max(0, (last - first).days) + 1
    return first, [start_of(first + dt.timedelta(days=number), zone) for number in range(days)]


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
    # A project that is open now was closed then only if it was reopened since, which is rare.
    reopened = f"{changed} AND from_status {CLOSED}"
    return f"""
        SELECT {columns} FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.status {OPEN} AND p.created_at <= {at}
           AND (p.id NOT IN ({reopened}) OR coalesce({then}, '') {OPEN})
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
        SELECT f.client_id, f.agency_id, f.first_at, f.first_start, f.active, f.paid, f.contracted
          FROM business_clientfact f
         WHERE f.agency_id = ANY ({ids})
           AND NOT EXISTS (SELECT FROM business_staleclient s WHERE s.client_id = f.client_id)
        UNION ALL
        SELECT a.client_id, a.agency_id, a.first_at, a.first_start, a.active, a.paid, a.contracted
          FROM (SELECT array_agg(DISTINCT client_id) AS ids FROM business_staleclient HAVING count(*) > 0) s
         CROSS JOIN LATERAL business_client_activity(s.ids) a
         WHERE a.agency_id = ANY ({ids})"""


def is_new(moment: Moment, of: Statement) -> str:
    """The condition of a client whose first contract, project or payment falls in the month so far."""
    start, first, at = of.add(moment.month_start), of.add(moment.first), of.add(moment.at)
    return f"""(coalesce(first_at >= {start}, true) AND coalesce(first_start >= {first}, true)
                AND (first_at <= {at} OR first_start <= {of.add(moment.day)}))"""


def is_active(moment: Moment, of: Statement) -> str:
    """The condition of a client with a running contract, an open project or a payment of the last 90 days."""
    at = of.add(moment.at)
    # What most clients have comes first.
    return f"""(paid && tstzrange({of.add(lately(moment))}, {at}, '[]')
                OR active @> {at}::timestamptz OR contracted @> {of.add(moment.day)}::date)"""


def lately(moment: Moment) -> dt.datetime:
    """From here to the moment a range of `paid` must reach for a payment in the last 90 days: its end is KEPT
    after its last payment."""
    return moment.last_days(PAID_DAYS).start + KEPT - TICK


def _clients(needs: Sequence[Need], scope: Scope, of: Statement) -> str:
    """New clients, active at the month's start, of these not active at its end; all windows in one pass."""
    tests, counts = [], []
    for n, need in enumerate(needs):
        tests += [
            f"{is_new(need.moment, of)} AS new{n}",
            f"{is_active(need.moment.opening, of)} AS opened{n}",
            f"{is_active(need.moment, of)} AS closed{n}",
        ]
        counts += [
            f"count(*) FILTER (WHERE new{n})",
            f"count(*) FILTER (WHERE opened{n})",
            f"count(*) FILTER (WHERE opened{n} AND NOT closed{n})",
            "0",
        ]
    # OFFSET 0: each test is made once a client, not once a count.
    return f"""
        SELECT agency_id, ARRAY[{", ".join(counts)}]
          FROM (SELECT agency_id, {", ".join(tests)} FROM ({facts_sql(scope.ids)}) f OFFSET 0) t GROUP BY 1"""


def _answers(need: Need, scope: Scope, of: Statement) -> str:
    """Sum of scores, answers."""
    start, end = of.add(need.window.start), of.add(need.window.end)
    return f"""
        SELECT agency_id, NULL::date, sum(score), count(*), 0, 0 FROM business_satisfaction
         WHERE agency_id = ANY ({scope.ids}) AND answered_at BETWEEN {start} AND {end} GROUP BY 1"""


def valued_sql(window: Window, of: Statement) -> str:
    """The condition of a project (as `p`) made in the window with a value and not cancelled by its end."""
    start, end = of.add(window.start), of.add(window.end)
    return f"""(p.created_at BETWEEN {start} AND {end} AND p.value IS NOT NULL
                AND (p.status <> 'cancelled' OR p.cancelled_at > {end}))"""


def _values(needs: Sequence[Need], scope: Scope, of: Statement) -> str:
    """Sum of values, projects; windows overlap by eleven months, so all of them in one pass."""
    tests, sums = [], []
    for n, need in enumerate(needs):
        tests.append(f"{valued_sql(need.window, of)} AS in{n}")
        sums += [f"coalesce(sum(value) FILTER (WHERE in{n}), 0)", f"count(*) FILTER (WHERE in{n})", "0", "0"]
    start, end = (
        of.add(min(need.window.start for need in needs)),
        of.add(max(need.window.end for need in needs)),
    )
    return f"""
        SELECT agency_id, ARRAY[{", ".join(sums)}]
          FROM (SELECT agency_id, value, {", ".join(tests)} FROM business_project p
                 WHERE agency_id = ANY ({scope.paying}) AND created_at BETWEEN {start} AND {end} OFFSET 0) t
         GROUP BY 1"""


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


def _there_sql(scope: Scope) -> str:
    """Whether each agency has any row of a kind, whatever its date; each is one step into an index."""
    kinds = (
        ("payment", "paid_at", scope.paying),
        ("project", "created_at", scope.ids),
        ("client", "created_at", scope.ids),
        ("contract", "start", scope.paying),
    )
    # An EXISTS would drop the order, and with it the index.
    return " UNION ALL ".join(
        f"""SELECT 'there', '{kind}', a.id, NULL::date, ((SELECT 1 FROM business_{kind} x
                     WHERE x.agency_id = a.id ORDER BY x.{column} LIMIT 1) IS NOT NULL)::int, 0, 0, 0
              FROM unnest({ids}) a(id)"""
        for kind, column, ids in kinds
    )


# Measures of one window a pass, and those of all windows in one.
_MEASURES = {
    "revenue": _revenue,
    "open_projects": _open_projects,
    "answers": _answers,
    "leads": _leads,
    "recurring": _recurring,
}
_AT_ONCE = {"clients": _clients, "values": _values}
KINDS = ("payment", "project", "client", "contract")


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
    there: set[tuple[str, int]] = field(default_factory=set)

    def exists(self, kind: str, agency_id: int | None = None) -> bool:
        """Whether the scope, or the agency, has any row of the kind (of KINDS), whatever its date."""
        return any(of_kind == kind and agency_id in (None, of_agency) for of_kind, of_agency in self.there)

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
    scope = Scope("(SELECT ids FROM scope)::bigint[]", "(SELECT ids FROM paying)::bigint[]", by_day)
    ctes = [
        f"scope AS MATERIALIZED (SELECT {agencies_sql(where, of)} AS ids)",
        f"paying AS MATERIALIZED (SELECT {agencies_sql(where, of, money=True)} AS ids)",
    ]
    selects = []
    for name, at_once in _AT_ONCE.items():
        asked = [need for need in needs if need.measure == name]
        if asked:
            ctes.append(f"{name} AS MATERIALIZED (SELECT * FROM ({at_once(asked, scope, of)}) AS x(agency_id, n))")
        for index, need in enumerate(asked):
            numbers = ", ".join(f"n[{index * 4 + i}]" for i in range(1, 5))
            selects.append(f"SELECT '{name}', '{need.key}', agency_id, NULL::date, {numbers} FROM {name}")
    for need in needs:
        if need.measure in _MEASURES:
            inner = _MEASURES[need.measure](need, scope, of)
            selects.append(
                f"SELECT '{need.measure}', '{need.key}', m.* FROM ({inner}) AS m(agency_id, day, a, b, c, d)"
            )
    selects.append(_there_sql(scope))
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
            if name == "there":
                found.there |= {(key, agency_id)} if values[0] else set()
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
