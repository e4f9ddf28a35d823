# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""One value a day of each figure, as of the end of that day.

A figure over a sliding window, or a state, is a level that events raise and lower: an answer counts from when it
was given until 90 days later, a project from its creation until its closing. The database sums the events between
two ends of days, and the levels are the running sums. This first version computes them from the rows, so that a
late row changes the day it belongs to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from business import figures
from business.figures.activity import KEPT, PAID_DAYS
from business.figures.definitions import CENT, mrr, ratio
from business.figures.measures import NONE, ZERO, Statement, agencies_sql, facts_sql, lately
from business.figures.moments import TICK, Moment, end_of, month_before, start_of
from core.metrics import Point, Where

DAY = dt.timedelta(days=1)
Level = tuple[Decimal, Decimal, Decimal]


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + DAY * number for number in range((last - first).days + 1)]


def _buckets(events: str, of: Statement, thresholds: str, size: int) -> list[Level]:
    """Sums of the events (at, a, b, c) before the first threshold, between each two, and after the last."""
    return _summed(f"SELECT width_bucket(e.at, {thresholds}), a, b, c FROM ({events}) AS e(at, a, b, c)", of, size)


def _summed(events: str, of: Statement, size: int) -> list[Level]:
    """Sums of the events (bucket, a, b, c) of each bucket from 0 to `size`."""
    found: list[Level] = [(ZERO, ZERO, ZERO)] * (size + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"/* series */ SELECT e.bucket, sum(e.a), sum(e.b), sum(e.c)"
            f" FROM ({events}) AS e(bucket, a, b, c) GROUP BY 1",
            of.params,
        )
        for bucket, a, b, c in cursor.fetchall():
            found[bucket] = (Decimal(a or 0), Decimal(b or 0), Decimal(c or 0))
    return found


def _levels(events: str, of: Statement, days: Sequence[dt.date], zone: str) -> list[Level]:
    """The running sums at the end of each day, of events with a time."""
    ends = [end_of(day, ZoneInfo(zone)) + TICK for day in days]
    return _running(_buckets(events, of, f"{of.add(ends)}::timestamptz[]", len(ends)))


def _date_levels(events: str, of: Statement, days: Sequence[dt.date]) -> list[Level]:
    """The same, of events with a date."""
    nexts = [day + DAY for day in days]
    return _running(_buckets(events, of, f"{of.add(nexts)}::date[]", len(nexts)))


def _running(buckets: Sequence[Level]) -> list[Level]:
    levels: list[Level] = []
    a = b = c = ZERO
    for x, y, z in buckets[:-1]:
        a, b, c = a + x, b + y, c + z
        levels.append((a, b, c))
    return levels


class _Days:
    """Revenue of each day in a range."""

    def __init__(self, where: Where, first: dt.date, last: dt.date) -> None:
        of = Statement()
        ids = agencies_sql(where, of, money=True)
        days = days_between(first, last)
        zone = ZoneInfo(where.zone)
        starts = [start_of(day, zone) for day in [*days, last + DAY]]
        start, end = of.add(starts[0]), of.add(starts[-1] - TICK)
        events = f"""
            SELECT paid_at, amount, 0, 0 FROM business_payment
             WHERE agency_id = ANY ({ids}) AND paid_at BETWEEN {start} AND {end}
            UNION ALL
            SELECT refunded_at, -refunded_amount, 0, 0 FROM business_payment
             WHERE agency_id = ANY ({ids}) AND refunded_at BETWEEN {start} AND {end}"""
        buckets = _buckets(events, of, f"{of.add(starts)}::timestamptz[]", len(starts))
        self.net = {day: buckets[index + 1][0] for index, day in enumerate(days)}

    def month_to(self, day: dt.date) -> Decimal:
        """From the 1st of its month to the end of `day`."""
        return sum((self.net[day.replace(day=n)] for n in range(1, day.day + 1)), ZERO)


def _exists(where: Where, kind: str) -> bool:
    """Whether there is any row of a kind, whatever its date; the same rule as `Measured.exists`."""
    of = Statement()
    ids = agencies_sql(where, of, money=kind in ("payment", "contract"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM business_{kind} WHERE agency_id = ANY ({ids}))", of.params)
        return bool(cursor.fetchone()[0])


Values = list[Decimal | None]


def _revenue(where: Where, days: Sequence[dt.date]) -> Values:
    if not _exists(where, "payment"):
        return [None] * len(days)
    net = _Days(where, days[0], days[-1]).net
    return [net[day] for day in days]


def _revenue_month(where: Where, days: Sequence[dt.date]) -> Values:
    if not _exists(where, "payment"):
        return [None] * len(days)
    all_days = _Days(where, days[0].replace(day=1), days[-1])
    return [all_days.month_to(day) for day in days]


def _growth(where: Where, days: Sequence[dt.date]) -> Values:
    all_days = _Days(where, month_before(days[0].replace(day=1)), days[-1])
    values: Values = []
    for day in days:
        base_day = Moment(end_of(day, ZoneInfo(where.zone)), where.zone).month_ago.day
        base = all_days.month_to(base_day)
        values.append(ratio(all_days.month_to(day) - base, base, 100) if base > 0 else None)
    return values


def _active_projects(where: Where, days: Sequence[dt.date]) -> Values:
    if not _exists(where, "project"):
        return [None] * len(days)
    of = Statement()
    ids = agencies_sql(where, of)
    closed = "('completed', 'cancelled')"
    closed_at = "business_closed_at(p.status, p.completed_at, p.cancelled_at)"
    # Of projects whose dates do not tell, the status before each change does.
    changes = f"""
        SELECT p.status AS now, p.created_at, s.from_status, s.changed_at,
               lag(s.changed_at, 1, p.created_at) OVER (PARTITION BY p.id ORDER BY s.changed_at, s.id) AS since
          FROM business_project p JOIN business_projectstatuschange s ON s.project_id = p.id
         WHERE p.agency_id = ANY ({ids}) AND (p.status NOT IN {closed} OR {closed_at} IS NULL)"""
    events = f"""
        SELECT p.created_at, 1, 0, 0 FROM business_project p
         WHERE p.agency_id = ANY ({ids})
           AND (p.status NOT IN {closed} OR {closed_at} > p.created_at)
        UNION ALL
        SELECT {closed_at}, -1, 0, 0 FROM business_project p
         WHERE p.agency_id = ANY ({ids}) AND p.status IN {closed} AND {closed_at} > p.created_at
        UNION ALL
        SELECT v.at, v.turn * CASE WHEN h.now IN {closed} THEN 1 ELSE -1 END, 0, 0
          FROM ({changes}) h
         CROSS JOIN LATERAL (VALUES (greatest(h.since, h.created_at), 1), (h.changed_at, -1)) v(at, turn)
         WHERE h.changed_at > greatest(h.since, h.created_at)
           AND CASE WHEN h.now IN {closed} THEN h.from_status NOT IN ('', 'completed', 'cancelled')
                    ELSE h.from_status IN {closed} END"""
    return [level[0] for level in _levels(events, of, days, where.zone)]


def _windows(days: Sequence[dt.date], zone: str, length: int) -> tuple[list[dt.datetime], list[dt.datetime]]:
    """The first instant of the window of `length` days that ends with each day, and the one after its end."""
    windows = [Moment(end_of(day, ZoneInfo(zone)), zone).last_days(length) for day in days]
    return [window.start for window in windows], [window.end + TICK for window in windows]


def _sliding(where: Where, days: Sequence[dt.date], sql: str, of: Statement, length: int) -> list[Level]:
    """Sums of the rows (at, a, b) in the window of `length` days that ends with each day."""
    starts, ends = (f"{of.add(found)}::timestamptz[]" for found in _windows(days, where.zone, length))
    # A row comes with the first window that ends after it, and goes with the first that starts after it.
    events = f"""
        SELECT width_bucket(r.at, {ends}), r.a, r.b, 0 FROM ({sql}) AS r(at, a, b)
        UNION ALL SELECT width_bucket(r.at, {starts}), -r.a, -r.b, 0 FROM ({sql}) AS r(at, a, b)"""
    return _running(_summed(events, of, len(days)))


def _satisfaction(where: Where, days: Sequence[dt.date]) -> Values:
    of = Statement()
    ids = agencies_sql(where, of)
    sql = f"SELECT answered_at, score, 1 FROM business_satisfaction WHERE agency_id = ANY ({ids})"
    return [ratio(a, b) for a, b, _ in _sliding(where, days, sql, of, 90)]


def _conversion(where: Where, days: Sequence[dt.date]) -> Values:
    of = Statement()
    ids = agencies_sql(where, of)
    sql = f"""SELECT closed_at, (outcome = 'won')::int, 1 FROM business_lead
               WHERE agency_id = ANY ({ids}) AND closed_at IS NOT NULL AND outcome IN ('won', 'lost')"""
    return [ratio(a, b, 100) for a, b, _ in _sliding(where, days, sql, of, 90)]


def _value_avg(where: Where, days: Sequence[dt.date]) -> Values:
    of = Statement()
    ids = agencies_sql(where, of, money=True)
    starts, ends = (f"{of.add(found)}::timestamptz[]" for found in _windows(days, where.zone, 365))
    rows = f"""
        FROM business_project WHERE agency_id = ANY ({ids}) AND value IS NOT NULL
         AND (status <> 'cancelled' OR cancelled_at > created_at)"""
    # least() takes no notice of a null: a project that was never cancelled leaves when its year is over.
    events = f"""
        SELECT width_bucket(created_at, {ends}), value, 1, 0 {rows}
        UNION ALL
        SELECT least(width_bucket(created_at, {starts}),
                     CASE WHEN status = 'cancelled' THEN width_bucket(cancelled_at, {ends}) END), -value, -1, 0
        {rows}"""
    return [ratio(a, b, grain=CENT) for a, b, _ in _running(_summed(events, of, len(days)))]


def _mrr(where: Where, days: Sequence[dt.date]) -> Values:
    if not _exists(where, "contract"):
        return [None] * len(days)
    of = Statement()
    ids = agencies_sql(where, of, money=True)
    parts = f"""
        SELECT interval, amount, greatest(since, start) AS since,
               least(lead(since) OVER (PARTITION BY id ORDER BY since), "end" + 1) AS until
          FROM (SELECT id, interval, start, "end", amount, '-infinity'::date AS since
                  FROM business_contract WHERE agency_id = ANY ({ids})
                UNION ALL
                SELECT k.id, k.interval, k.start, k."end", c.amount, c.effective_from
                  FROM business_contract k JOIN business_contractchange c ON c.contract_id = k.id
                 WHERE k.agency_id = ANY ({ids})) x"""

    def amounts(sign: str) -> str:
        return ", ".join(
            f"CASE WHEN interval = '{interval}' THEN {sign}amount ELSE 0 END"
            for interval in ("monthly", "quarterly", "annual")
        )

    events = f"""
        SELECT since, {amounts("")} FROM ({parts}) p WHERE until IS NULL OR since < until
        UNION ALL SELECT until, {amounts("-")} FROM ({parts}) p WHERE since < until"""
    return [mrr((*level, ZERO), NONE) for level in _date_levels(events, of, days)]


def _new_clients(where: Where, days: Sequence[dt.date]) -> Values:
    if not _exists(where, "client"):
        return [None] * len(days)
    of = Statement()
    ids, zone = agencies_sql(where, of), of.add(where.zone)
    events = f"""
        SELECT least((first_at AT TIME ZONE {zone})::date, first_start), 1, 0, 0 FROM ({facts_sql(ids)}) f"""
    first = days[0].replace(day=1)
    whole = days_between(first - DAY, days[-1])
    level = {day: found[0] for day, found in zip(whole, _date_levels(events, of, whole), strict=True)}
    return [level[day] - level[day.replace(day=1) - DAY] for day in days]


def _churn(where: Where, days: Sequence[dt.date]) -> Values:
    """Of each month the clients active at its opening, and among them those inactive at the end of each day.

    `base` names the client only where one kept range does not cover the month: of hundreds of thousands of rows
    those few are looked at closer.
    """
    of = Statement()
    ids, zone = agencies_sql(where, of), of.add(where.zone)
    tz = ZoneInfo(where.zone)
    months = sorted({day.replace(day=1) for day in days})
    opens = [start_of(month, tz) - TICK for month in months]
    closes = [end_of((month + dt.timedelta(days=31)).replace(day=1) - DAY, tz) for month in months]
    eves = [month - DAY for month in months]
    reached = [lately(Moment(opened, where.zone)) for opened in opens]
    # OFFSET 0: a range is made once a month, not once a client and month.
    of_months = f"""(SELECT month, opened, eve, tstzrange(opened, closed, '[]') AS whole,
                            tstzrange(reached, opened, '[]') AS reach
                       FROM unnest({of.add(months)}::date[], {of.add(opens)}::timestamptz[],
                                   {of.add(closes)}::timestamptz[], {of.add(eves)}::date[],
                                   {of.add(reached)}::timestamptz[]) AS m(month, opened, closed, eve, reached)
                     OFFSET 0) m"""
    kept, length = of.add(KEPT), of.add(dt.timedelta(days=PAID_DAYS))
    ends = of.add([end_of(day, tz) + TICK for day in days])
    sql = f"""/* series */
        WITH facts AS MATERIALIZED ({facts_sql(ids)}),
        base AS (
            SELECT m.month, m.whole,
                   CASE WHEN NOT (f.paid @> m.whole OR f.active @> m.whole) THEN f.client_id END AS client_id
              FROM {of_months}
              JOIN facts f ON f.paid && m.reach OR f.active @> m.opened OR f.contracted @> m.eve
        ), gaps AS (
            SELECT b.month, g.gap
              FROM base b JOIN facts f USING (client_id)
             CROSS JOIN LATERAL (
                   SELECT coalesce(range_agg(tstzrange(lower(d)::timestamp AT TIME ZONE {zone},
                                                       upper(d)::timestamp AT TIME ZONE {zone})), '{{}}') AS under
                     FROM unnest(f.contracted) d) c
             CROSS JOIN LATERAL (
                   SELECT coalesce(range_agg(tstzrange(lower(p), ((upper(p) - {kept}) AT TIME ZONE {zone}
                                                                  + {length}) AT TIME ZONE {zone})), '{{}}') AS lately
                     FROM unnest(f.paid) p) l
             CROSS JOIN LATERAL unnest(
                   tstzmultirange(b.whole) - f.active - c.under - l.lately) AS g(gap)
        )
        SELECT month, -1, count(*) FROM base GROUP BY 1
        UNION ALL
        SELECT month, width_bucket(lower(gap), {ends}::timestamptz[]), count(*) FROM gaps GROUP BY 1, 2
        UNION ALL
        SELECT month, width_bucket(upper(gap), {ends}::timestamptz[]), -count(*) FROM gaps
         WHERE NOT upper_inc(gap) GROUP BY 1, 2"""
    base: dict[dt.date, Decimal] = {}
    steps: dict[tuple[dt.date, int], Decimal] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, of.params)
        for month, bucket, count in cursor.fetchall():
            if bucket < 0:
                base[month] = Decimal(count)
            else:
                steps[month, bucket] = steps.get((month, bucket), ZERO) + Decimal(count)
    values: Values = []
    for index, day in enumerate(days):
        month = day.replace(day=1)
        lost = sum((n for (of_month, bucket), n in steps.items() if of_month == month and bucket <= index), ZERO)
        values.append(ratio(lost, base.get(month, ZERO), 100))
    return values


_SERIES: dict[str, Callable[[Where, Sequence[dt.date]], Values]] = {
    "revenue": _revenue,
    "revenue_month": _revenue_month,
    "revenue_growth_pct": _growth,
    "active_projects": _active_projects,
    "new_clients_month": _new_clients,
    "churn_pct": _churn,
    "satisfaction": _satisfaction,
    "project_value_avg": _value_avg,
    "conversion_pct": _conversion,
    "mrr": _mrr,
}


# The day's own revenue has no other definition than this one.
_NOW = frozenset(_SERIES) - {"revenue"}


def series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """One point a day from `first` to `last`; that of today as of now, of days to come none.

    An amount must be of one currency: whoever asks has chosen one where the scope has several.
    """
    today = Moment(timezone.now(), where.zone, live=True)
    known = days_between(first, min(last, today.day))
    if not known:
        return [Point(day, None) for day in days_between(first, last)]
    values = _SERIES[name](where, known)
    if known[-1] == today.day and name in _NOW:
        values[-1] = figures.read(where, today, [name], compare=False).total[name].value
    values += [None] * ((last - known[-1]).days)
    return [Point(day, value) for day, value in zip(days_between(first, last), values, strict=True)]
