"""The page's values made into what components draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from business.figures import Value
from business.figures.definitions import FIGURES
from core import charts, formats, metrics
from core.metrics import Reading, State, UnknownMetric
from core.pages.parts import Change, Link, Tile
from core.pages.parts import State as Shown
from executive import words
from executive.figures import FIELDS, GROUPS
from executive.queries import AgencyRow, Board
from executive.scope import Asked

# Shown inside another tile, or drawn by itself.
_NOT_ALONE = frozenset({"revenue_month", "revenue_growth_pct"})


def query(asked: Asked, **more: Any) -> str:
    """What the page's links carry along: whose figures, as of when, in which currency."""
    params: dict[str, Any] = {}
    if asked.agency:
        params["agency"] = asked.agency.slug
    if asked.day:
        params["as_of"] = asked.day.isoformat()
    if len(asked.currencies) > 1 and asked.currency:
        params["currency"] = asked.currency
    params |= {key: value for key, value in more.items() if value not in (None, "")}
    return f"?{urlencode(params)}" if params else ""


def href(name: str, asked: Asked, **more: Any) -> str:
    """The address of the figure's own page."""
    return reverse("executive_figure", args=[name]) + query(asked, **more)


def groups(board: Board, lines: Mapping[str, str]) -> list[tuple[str, str, list[Tile]]]:
    """The four groups, each with its tiles and the lines drawn in them, in the order of the answer."""
    return [
        (
            group,
            str(label),
            [
                replace(tile(board, name), chart=lines.get(name, ""))
                for name, f in FIELDS.items()
                if f.group == group and name not in _NOT_ALONE
            ],
        )
        for group, label in GROUPS.items()
    ]


def tile(board: Board, name: str) -> Tile:
    """One figure as a tile: its value, its change against a named base, how many rows it is made of."""
    field, reading, asked = FIELDS[name], board.readings[name], board.asked
    try:
        metric = metrics.get(name)
    except UnknownMetric:
        return Tile(field.label, None, state=Shown.UNAVAILABLE, feature=field.feature, href=href(name, asked), id=name)
    currency = asked.currency or "BRL"
    made = Tile(
        metric.label,
        reading.value,
        words.KINDS.get(metric.unit, "number"),
        unit=unit(name),
        currency=currency,
        places=min(metric.decimals, 2),
        href=href(name, asked),
        as_of=reading.as_of,
        state=Shown.STALE if reading.state is State.STALE else Shown.NORMAL,
        note=reading.note,
        id=name,
    )
    figure = FIGURES.get(name)
    if figure is None:
        return replace(made, note=_note_of_score(reading)) if name == "health_score" else made
    value = board.values[name]
    change = words.change(figure, value, currency)
    return replace(made, change=change, note=_note(name, board, change))


def unit(name: str) -> str:
    return {"satisfaction": _("of 5"), "health_score": _("of 100")}.get(name, "")


def _note(name: str, board: Board, change: Change | None) -> str:
    value = board.values[name]
    if value.mixed:
        return _("Choose a currency: there are several.")
    count = value.n
    if value.value is None:
        return _WHY_UNKNOWN[name]()
    match name:
        case "churn_pct":
            return _("%(lost)s of %(all)s active clients") % {
                "lost": formats.number(value.sums[2]),
                "all": formats.number(value.sums[1]),
            }
        case "conversion_pct":
            return _("%(won)s of %(all)s closed leads, 90 days") % {
                "won": formats.number(value.sums[0]),
                "all": formats.number(value.sums[1]),
            }
        case "satisfaction":
            return ngettext("%(n)s answer, 90 days", "%(n)s answers, 90 days", count or 0) % {
                "n": formats.number(count)
            }
        case "project_value_avg":
            return ngettext("%(n)s project, 365 days", "%(n)s projects, 365 days", count or 0) % {
                "n": formats.number(count)
            }
        case "mrr":
            return ngettext("%(n)s contract", "%(n)s contracts", count or 0) % {"n": formats.number(count)}
    return "" if change else _("no base to compare with")


_WHY_UNKNOWN = {
    "revenue_month": lambda: _("No payment yet."),
    "revenue_growth_pct": lambda: _("No revenue in the base."),
    "active_projects": lambda: _("No project yet."),
    "new_clients_month": lambda: _("No client yet."),
    "churn_pct": lambda: _("No client was active at the month's start."),
    "satisfaction": lambda: _("No answer in 90 days."),
    "project_value_avg": lambda: _("No project with a value in 365 days."),
    "conversion_pct": lambda: _("No lead was closed in 90 days."),
    "mrr": lambda: _("No contract yet."),
}


def _note_of_score(reading: Reading) -> str:
    judged = reading.parts["parts"]
    failing = [str(one.part.label) for one in judged if one.passes is False]
    unknown = [str(one.part.label) for one in judged if one.passes is None]
    told = []
    if failing:
        told.append(_("failing: %(parts)s") % {"parts": ", ".join(failing)})
    if unknown:
        told.append(_("not known: %(parts)s") % {"parts": ", ".join(unknown)})
    return "; ".join(told) or _("all parts pass")


def revenue(board: Board) -> Tile:
    """The large tile: this month's revenue, its growth, and its pace over last month's."""
    asked, value = board.asked, board.values["revenue_month"]
    currency = asked.currency or "BRL"
    change = words.change(FIGURES["revenue_month"], value, currency)
    return Tile(
        FIGURES["revenue_month"].label,
        value.value,
        "money",
        currency=currency,
        href=href("revenue_month", asked),
        as_of=value.at,
        change=change,
        note=_note("revenue_month", board, change),
        action=Link(_("How it compares"), href("revenue_growth_pct", asked)),
        chart=pace(board),
        shape="big",
        id="revenue_month",
    )


def pace(board: Board) -> str:
    """Received since the 1st by the end of each day, over last month's whole line, with its data as a table."""
    if board.pace is None:
        return ""
    asked, moment = board.asked, board.asked.moment
    currency = asked.currency or "BRL"
    current, previous = board.pace.current, board.pace.previous
    growth = board.values["revenue_growth_pct"].value
    takeaway = (
        _("Revenue since the 1st: %(growth)s against the same days of the month before")
        % {"growth": f"{formats.signed(growth, 1)}{formats.NBSP}%"}
        if growth is not None
        else _("Revenue since the 1st; the month before has no base to compare with")
    )
    last = max(len(current), len(previous))
    ticks = [(0, "1"), *((day - 1, str(day)) for day in (5, 10, 15, 20, 25) if abs(day - len(current)) > 2)]
    chart = charts.area(
        [float(value) for value in current],
        ghost=[float(value) for value in previous],
        slots=last,
        ticks=ticks,
        axis=lambda value: formats.compact(Decimal(str(value)), currency),
        now=_("%(day)s, now") % {"day": moment.day.day} if moment.live else str(moment.day.day),
        takeaway=takeaway,
    )
    rows = [
        (
            str(index + 1),
            formats.money(current[index], currency) if index < len(current) else formats.DASH,
            formats.money(previous[index], currency) if index < len(previous) else formats.DASH,
        )
        for index in range(last)
    ]
    table = charts.data_table(_("Revenue since the 1st"), [_("Day"), _("This month"), _("Month before")], rows)
    return chart + table


def spark(row: AgencyRow) -> str:
    """The agency's revenue of each day of the month so far."""
    if not row.days:
        return ""
    takeaway = _("revenue of %(agency)s by day") % {"agency": row.agency.name}
    return charts.sparkline([float(value) for value in row.days], takeaway=takeaway, width=94, height=24)


def currency_links(asked: Asked, path: str) -> list[Link]:
    """The choice of a currency where the scope has several."""
    if len(asked.currencies) < 2:
        return []
    return [
        Link(currency, path + query(asked, currency=currency), currency == asked.currency)
        for currency in asked.currencies
    ]


@dataclass(frozen=True)
class Line:
    """A line of the agencies table, ready to be drawn."""

    name: str
    href: str
    demo: bool
    currency: str
    revenue: Decimal | None
    growth: Change | None
    no_growth: str
    spark: str
    mrr: Decimal | None
    churn: Decimal | None
    projects: Decimal | None


def agency_line(board: Board, row: AgencyRow) -> Line:
    """An agency of another currency than the one chosen has no amounts here."""
    asked, agency = board.asked, row.agency
    more = query(asked).removeprefix("?")
    # The agency has one currency, and the page of the agency needs none chosen.
    more = "&".join(part for part in more.split("&") if part.startswith("as_of="))
    link = reverse("executive") + f"?agency={agency.slug}" + (f"&{more}" if more else "")
    return _line(row.values, asked, agency.name, link, spark(row), agency.is_demo)


def total_line(board: Board) -> Line | None:
    """The foot of the table."""
    return None if board.asked.agency else _line(board.values, board.asked, _("Group"), "", "", False)


def _line(values: Mapping[str, Value], asked: Asked, name: str, link: str, chart: str, demo: bool) -> Line:
    growth = values["revenue_growth_pct"].value
    change = None
    if growth is not None:
        way: Literal["up", "down", "flat"] = "up" if growth > 0 else "down" if growth < 0 else "flat"
        change = Change(way, formats.percent(abs(growth), 1), worse=growth < 0)
    return Line(
        name=name,
        href=link,
        demo=demo,
        currency=asked.currency or "BRL",
        revenue=values["revenue_month"].value,
        growth=change,
        no_growth=_("no base"),
        spark=chart,
        mrr=values["mrr"].value,
        churn=values["churn_pct"].value,
        projects=values["active_projects"].value,
    )
