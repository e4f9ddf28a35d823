# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""Leads by source over the last 90 days: how many came, how many were won and lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from business.figures.definitions import ratio
from business.figures.measures import Statement, agencies_sql
from business.figures.moments import Moment
from core.metrics import Where

MOST = 12


@dataclass(frozen=True)
class FunnelRow:
    """One source ("" where a lead has none). `came` were created in the window, `won` and `lost` closed in it,
    so that the rows add up to the conversion figure."""

    source: str
    came: int
    won: int
    lost: int

    @property
    def conversion(self) -> Decimal | None:
        return ratio(Decimal(self.won), Decimal(self.won + self.lost), 100)


def funnel(where: Where, moment: Moment) -> list[FunnelRow]:
    """The sources with the most leads won, at most 12; what is beyond is one row with the source "…"."""
    of = Statement()
    ids = agencies_sql(where, of)
    window = moment.last_days(90)
    start, end = of.add(window.start), of.add(window.end)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT source, sum(came), sum(won), sum(lost) FROM (
                    SELECT source, 1 AS came, 0 AS won, 0 AS lost FROM business_lead
                     WHERE agency_id = ANY ({ids}) AND created_at BETWEEN {start} AND {end}
                    UNION ALL
                    SELECT source, 0, (outcome = 'won')::int, (outcome = 'lost')::int FROM business_lead
                     WHERE agency_id = ANY ({ids}) AND closed_at BETWEEN {start} AND {end}
                ) x GROUP BY source ORDER BY 3 DESC, 2 DESC, 1""",
            of.params,
        )
        rows = [FunnelRow(source, int(came), int(won), int(lost)) for source, came, won, lost in cursor]
    if len(rows) <= MOST:
        return rows
    rest = rows[MOST - 1 :]
    more = FunnelRow("…", sum(r.came for r in rest), sum(r.won for r in rest), sum(r.lost for r in rest))
    return [*rows[: MOST - 1], more]
