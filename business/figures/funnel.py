# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""Leads by source over the last 90 days: how many came, how many were won and lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from business.figures.moments import Window

if TYPE_CHECKING:
    from business.figures.measures import Statement

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
    def share(self) -> float | None:
        """Won of closed, 0 to 1, for a bar."""
        closed = self.won + self.lost
        return self.won / closed if closed else None

    @property
    def conversion(self) -> Decimal | None:
        from business.figures.definitions import ratio

        return ratio(Decimal(self.won), Decimal(self.won + self.lost), 100)


def funnel_sql(window: Window, ids: str, of: Statement) -> str:
    """source, came, won, lost of each source."""
    start, end = of.add(window.start), of.add(window.end)
    return f"""
        SELECT source, sum(came), sum(won), sum(lost) FROM (
            SELECT source, 1 AS came, 0 AS won, 0 AS lost FROM business_lead
             WHERE agency_id = ANY ({ids}) AND created_at BETWEEN {start} AND {end}
            UNION ALL
            SELECT source, 0, (outcome = 'won')::int, (outcome = 'lost')::int FROM business_lead
             WHERE agency_id = ANY ({ids}) AND closed_at BETWEEN {start} AND {end}
        ) x GROUP BY source"""


def shortened(rows: list[FunnelRow]) -> list[FunnelRow]:
    """The sources with the most leads won, at most 12; what is beyond is one row with the source "…"."""
    rows = sorted(rows, key=lambda row: (-row.won, -row.came, row.source))
    if len(rows) <= MOST:
        return rows
    rest = rows[MOST - 1 :]
    more = FunnelRow("…", sum(r.came for r in rest), sum(r.won for r in rest), sum(r.lost for r in rest))
    return [*rows[: MOST - 1], more]
