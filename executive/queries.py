"""What the executive page and API show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from business import figures
from business.figures.definitions import FIGURES
from business.figures.funnel import FunnelRow, shortened
from business.metrics import reading
from core import metrics
from core.agencies.models import Agency
from core.metrics import Reading, State
from executive.figures import FIELDS
from executive.metrics import NEEDED, score
from executive.scope import Asked


def readings(asked: Asked, names: tuple[str, ...] = tuple(FIELDS)) -> dict[str, Reading]:
    """The figures of the answer as of the moment asked for.

    The score is made of figures that are read here anyway, so that none is read twice.
    """
    at = asked.moment.at
    wanted = set(names) - {"health_score"} | (set(NEEDED) if "health_score" in names else set())
    found = metrics.read(sorted(wanted), asked.where, at)
    if "health_score" in names:
        found["health_score"] = score({name: found[name] for name in NEEDED}, at)
    return found


@dataclass(frozen=True)
class Pace:
    """Revenue day by day since the 1st: what this month had received by the end of each day, and last month's."""

    current: list[Decimal]
    previous: list[Decimal]


@dataclass(frozen=True)
class AgencyRow:
    """One agency's line of the table; the windows are those of the whole scope, so that the lines add up."""

    agency: Agency
    values: dict[str, figures.Value]
    days: list[Decimal]


@dataclass(frozen=True)
class Board:
    """All of the page. `values` are the business figures with their bases, `readings` every figure."""

    asked: Asked
    values: dict[str, figures.Value]
    readings: dict[str, Reading]
    pace: Pace | None
    agencies: list[AgencyRow]
    funnel: list[FunnelRow]


TABLE = ("revenue_month", "revenue_growth_pct", "mrr", "churn_pct", "active_projects")


def board(asked: Asked) -> Board:
    """The page as of the moment asked for: one statement for the business, one per app that measures."""
    found = figures.read(asked.where, asked.moment, FIGURES, by_day=True)
    read = {name: reading(value) for name, value in found.total.items()}
    others = (set(FIELDS) | set(NEEDED)) - set(read) - {"health_score"}
    read |= metrics.read(sorted(others), asked.where, asked.moment.at)
    read["health_score"] = score({name: read[name] for name in NEEDED}, asked.moment.at)
    rows = [] if asked.agency else [_agency_row(found, one, asked) for one in asked.agencies]
    rows.sort(key=lambda row: row.values["revenue_month"].value or Decimal(0), reverse=True)
    return Board(
        asked=asked,
        values=found.total,
        readings=read,
        pace=_pace(found, asked),
        agencies=rows,
        funnel=shortened(found.measured.funnel),
    )


def _agency_row(found: figures.Values, agency: Agency, asked: Asked) -> AgencyRow:
    values = found.of_agency(agency.pk, TABLE)
    days = found.measured.days.get(("revenue", asked.moment.at.isoformat()), {})
    first = asked.moment.first
    net = [
        sums[0] if (sums := days.get((agency.pk, first + dt.timedelta(days=n)))) else Decimal(0)
        for n in range(asked.moment.day.day)
    ]
    return AgencyRow(agency, values, net if values["revenue_month"].value is not None else [])


def _pace(found: figures.Values, asked: Asked) -> Pace | None:
    if found.total["revenue_month"].value is None:
        return None
    measured, moment = found.measured, asked.moment
    by_day: dict[dt.date, Decimal] = {}
    for key in (moment.at.isoformat(), moment.month_ago.at.isoformat(), "rest"):
        for (_agency, day), sums in measured.days.get(("revenue", key), {}).items():
            by_day[day] = by_day.get(day, Decimal(0)) + sums[0]

    def cumulated(first: dt.date, last: dt.date) -> list[Decimal]:
        total, line = Decimal(0), []
        for number in range((last - first).days + 1):
            total += by_day.get(first + dt.timedelta(days=number), Decimal(0))
            line.append(total)
        return line

    return Pace(
        cumulated(moment.first, moment.day),
        cumulated(moment.opening.first, moment.opening.day),
    )


def known(reading: Reading) -> bool:
    return reading.value is not None and reading.state is State.KNOWN
