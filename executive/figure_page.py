"""The page of one figure: what it is, of which window, of which rows, and how it went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import is_valid_path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from business import figures
from business.figures.definitions import FIGURES
from business.figures.rows import Row, rows
from core import charts, formats, metrics
from core.metrics import Reading, Unit, UnknownMetric
from core.pages import page
from core.pages.keyset import bind, decode, encode
from core.pages.parts import Link
from core.pages.scopes import switch
from core.people.metrics import failed_logins, people_seen
from executive import queries, tiles, trends, words
from executive.figures import FIELDS, GROUPS
from executive.metrics import PARTS, Judged
from executive.scope import Asked, Refused

ROWS = 50
DAYS = (30, 90, 365, 730)

_PATHS = {
    "payment": "/business/payments/",
    "refund": "/business/payments/",
    "project": "/business/projects/",
    "client": "/business/clients/",
    "answer": "/business/satisfaction/",
    "contract": "/business/contracts/",
    "lead": "/business/leads/",
}
_KINDS = {
    "payment": gettext_lazy("payment"),
    "refund": gettext_lazy("refund"),
    "project": gettext_lazy("project"),
    "client": gettext_lazy("client"),
    "answer": gettext_lazy("answer"),
    "contract": gettext_lazy("contract"),
    "lead": gettext_lazy("lead"),
}
_NOTES = {
    "stayed": gettext_lazy("still active"),
    "left": gettext_lazy("not active any more"),
    "won": gettext_lazy("won"),
    "lost": gettext_lazy("lost"),
    "draft": gettext_lazy("draft"),
    "active": gettext_lazy("active"),
    "paused": gettext_lazy("paused"),
    "completed": gettext_lazy("completed"),
    "cancelled": gettext_lazy("cancelled"),
    "monthly": gettext_lazy("monthly"),
    "quarterly": gettext_lazy("quarterly"),
    "annual": gettext_lazy("annual"),
    "pix": gettext_lazy("Pix"),
    "card": gettext_lazy("card"),
    "transfer": gettext_lazy("transfer"),
    "cash": gettext_lazy("cash"),
    "voucher": gettext_lazy("voucher"),
    "other": gettext_lazy("other"),
}


@dataclass(frozen=True)
class ShownRow:
    """One line: what the row is, when, what it adds to the figure."""

    name: str
    href: str
    kind: str
    note: str
    at: dt.datetime
    agency: str
    adds: str
    of_base: bool = False


@dataclass(frozen=True)
class Part:
    """A named part of the figure, already written."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class ScorePart:
    label: str
    weight: int
    status: str
    word: str
    details: list[tuple[str, str, str, str]]


def answer(request: HttpRequest, name: str, asked: Asked) -> HttpResponse:
    if name not in FIELDS:
        raise Http404(name)
    field = FIELDS[name]
    try:
        metric = metrics.get(name)
    except UnknownMetric:
        metric = None
    number = _days(request)
    reading, value = _figure(name, asked)
    currency = asked.currency or "BRL"
    unit = trends.unit_of(name)
    shown, more = _rows(request, name, asked, value)
    context = {
        "asked": asked,
        "name": name,
        "label": metric.label if metric else field.label,
        "metric": metric,
        "feature": field.feature,
        "reading": reading,
        "kind": words.KINDS.get(unit, "number"),
        "places": min(metric.decimals, 2) if metric else 0,
        "unit": tiles.unit(name),
        "currency": currency,
        "change": words.change(FIGURES[name], value, currency) if value else None,
        "window": _window(name, reading, value),
        "zone": asked.zone,
        "parts": _parts(name, value, currency),
        "score": _score(reading) if name == "health_score" else [],
        "rows_are": FIGURES[name].rows_are if name in FIGURES else None,
        "rows": shown,
        "more": more,
        "paged": bool(request.GET.get("cursor")),
        "first_href": request.path + tiles.query(asked, days=number),
        "trend": _trend(name, asked, number, currency) if metric and metric.series else None,
        "ranges": [
            Link(_("%(n)s days") % {"n": n}, request.path + tiles.query(asked, days=n), n == number) for n in DAYS
        ],
        "scopes": switch(request, asked.agencies, asked.agency, whole=asked.whole),
        "crumbs": [
            Link(_("Executive"), reverse("executive") + tiles.query(asked)),
            Link(GROUPS[field.group], reverse("executive") + tiles.query(asked) + f"#{field.group}"),
        ],
    }
    return page(request, "executive/figure.html", context, "rows")


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "30")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= trends.MOST_DAYS):
        raise Refused("days", _("From 1 to %(most)s days.") % {"most": trends.MOST_DAYS}, [str(n) for n in DAYS])
    return int(text)


def _figure(name: str, asked: Asked) -> tuple[Reading, figures.Value | None]:
    if name in FIGURES:
        from business.metrics import reading

        value = figures.read(asked.where, asked.moment, [name]).total[name]
        return reading(value), value
    return queries.readings(asked, (name,))[name], None


def _window(name: str, reading: Reading, value: figures.Value | None) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """The exact instants, both included; a state has one instant alone."""
    if value is None:
        return []
    if name in ("active_projects", "mrr"):
        told = [(_("As of"), value.at, value.at)]
        if value.base_at:
            told.append((_("Base"), value.base_at, value.base_at))
        return told
    told = [(_("Window"), value.window.start, value.window.end)]
    if value.base_window:
        told.append((_("Base"), value.base_window.start, value.base_window.end))
    return told


def _parts(name: str, value: figures.Value | None, currency: str) -> list[Part]:
    if value is None or not value.sums or value.mixed:
        return []
    a, b, c, d = value.sums

    def money(amount: Decimal) -> str:
        return formats.money(amount, currency)

    match name:
        case "revenue_month":
            return [
                Part(_("Received"), money(c)),
                Part(_("Refunds"), money(d)),
                Part(_("Received minus refunded"), money(a)),
            ]
        case "revenue_growth_pct":
            return [Part(_("Revenue of the month"), money(a)), Part(_("Base"), money(value.base_sums[0]))]
        case "churn_pct":
            return [
                Part(_("Active at the month's start"), formats.number(b)),
                Part(_("Of these not active now"), formats.number(c)),
            ]
        case "satisfaction":
            return [Part(_("Sum of the scores"), formats.number(a)), Part(_("Answers"), formats.number(b))]
        case "project_value_avg":
            return [Part(_("Sum of the values"), money(a)), Part(_("Projects"), formats.number(b))]
        case "conversion_pct":
            return [
                Part(pgettext("how many leads", "Won"), formats.number(a)),
                Part(pgettext("how many leads", "Closed"), formats.number(b)),
            ]
        case "mrr":
            return [
                Part(_("Monthly contracts"), money(a), _("per month")),
                Part(_("Quarterly contracts"), money(b), _("per quarter: a third counts")),
                Part(_("Annual contracts"), money(c), _("per year: a twelfth counts")),
                Part(_("Running contracts"), formats.number(d)),
            ]
    return []


def _score(reading: Reading) -> list[ScorePart]:
    judged: list[Judged] = reading.parts["parts"]
    assert len(judged) == len(PARTS)
    shown = []
    for one in judged:
        details = []
        for name, (_within, limit) in one.part.limits.items():
            found = one.readings[name]
            try:
                metric = metrics.get(name)
                told = words.text(found.value, metric.unit, "BRL", metric.decimals)
                label = str(metric.label)
            except UnknownMetric:
                told = _("not available")
                label = str(FIELDS[name].label) if name in FIELDS else str(one.part.label)
            details.append((label, told, str(limit), name if name in FIELDS else ""))
        status, word = {
            True: ("ok", _("passes")),
            False: ("warning", _("does not pass")),
            None: ("unknown", _("not known: counts as not passing")),
        }[one.passes]
        shown.append(ScorePart(str(one.part.label), one.part.weight, status, word, details))
    return shown


def _rows(request: HttpRequest, name: str, asked: Asked, value: figures.Value | None) -> tuple[list[ShownRow], str]:
    """One page of rows, and the address of the next."""
    scope = bind("figure", name, asked.scope, asked.agency.slug if asked.agency else "", str(asked.day), asked.currency)
    cursor = request.GET.get("cursor") or None
    if name in FIGURES:
        assert value is not None
        if value.mixed:
            return [], ""
        after = None
        if cursor:
            _way, (at, kind, row_id) = decode(cursor, scope, 3)
            after = (at, kind, row_id)
        found = rows(asked.where, asked.moment, name, after=after, limit=ROWS + 1)
        keys: Sequence[Any] = found[ROWS - 1].key if len(found) > ROWS else ()
        names = {one.pk: one.name for one in asked.agencies}
        shown = [_shown(name, row, names, asked) for row in found[:ROWS]]
    elif name == "active_users_30d":
        beyond = decode(cursor, scope, 1)[1][0] if cursor else 0
        people = people_seen(asked.where, asked.moment.at, beyond=beyond, limit=ROWS + 1)
        keys = (people[ROWS - 1].id,) if len(people) > ROWS else ()
        shown = [ShownRow(one.name, "", _("person"), _("last seen"), one.last_at, "", "1") for one in people[:ROWS]]
    elif name == "failed_logins_24h":
        last = None
        if cursor:
            _way, (at, event_id) = decode(cursor, scope, 2)
            last = (at, event_id)
        events = failed_logins(asked.where, asked.moment.at, beyond=last, limit=ROWS + 1)
        keys = (events[ROWS - 1].at, events[ROWS - 1].id) if len(events) > ROWS else ()
        shown = [
            ShownRow(one.ip or _("unknown address"), "", _("failed log-in"), one.tried, one.at, "", "1")
            for one in events[:ROWS]
        ]
    else:
        return [], ""
    more = ""
    if keys:
        query = tiles.query(asked, days=request.GET.get("days"), cursor=encode(keys, "after", scope))
        more = request.path + query
    return shown, more


def _shown(name: str, row: Row, agencies: dict[int, str], asked: Asked) -> ShownRow:
    path = f"{_PATHS[row.kind]}{row.id}"
    return ShownRow(
        name=row.name or f"{_KINDS[row.kind]} {row.id}",
        href=path if is_valid_path(path) else "",
        kind=str(_KINDS[row.kind]),
        note=str(_NOTES.get(row.note, row.note)),
        at=row.at,
        agency="" if asked.agency else agencies.get(row.agency_id, ""),
        adds=_adds(name, row, asked.currency or "BRL"),
        of_base=row.of_base,
    )


def _adds(name: str, row: Row, currency: str) -> str:
    """What the row adds to the figure, in words."""
    a, b, c, _d = row.sums
    match name:
        case "revenue_month" | "revenue_growth_pct" | "project_value_avg":
            return formats.money(a, currency)
        case "mrr":
            monthly = a or (b / 3 if b else c / 12)
            return formats.money(monthly.quantize(Decimal("0.01")), currency)
        case "churn_pct":
            return formats.number(c)
        case _:
            return formats.number(a)


def _trend(name: str, asked: Asked, days: int, currency: str) -> dict[str, Any]:
    found = trends.trend(asked, name, days)

    def told(value: Decimal | None) -> str:
        return words.text(value, found.unit, currency, found.decimals)

    def axis(value: float) -> str:
        exact = Decimal(str(value))
        return formats.compact(exact, currency) if found.unit is Unit.MONEY else formats.compact(exact)

    values = [point.value for point in found.points]
    before = [point.value for point in found.previous]
    seen = [value for value in values if value is not None]
    takeaway = (
        _("%(label)s over %(days)s days: from %(first)s to %(last)s")
        % {"label": found.label, "days": days, "first": told(seen[0]), "last": told(seen[-1])}
        if seen
        else _("%(label)s: nothing is known of these %(days)s days") % {"label": found.label, "days": days}
    )
    step = max(1, days // 5)
    ticks = [(index, words.short(found.points[index].at)) for index in range(0, days, step)]
    chart = charts.area(
        [None if value is None else float(value) for value in values],
        ghost=[None if value is None else float(value) for value in before],
        ticks=ticks,
        axis=axis,
        takeaway=takeaway,
        from_zero=found.unit not in (Unit.RATING,),
    )
    lines = [
        (formats.day(now.at), told(now.value), told(then.value))
        for now, then in zip(reversed(found.points), reversed(found.previous), strict=True)
    ]
    table = charts.data_table(str(found.label), [_("Day"), _("Value"), _("Days before")], lines, limit=730)
    return {"chart": chart, "table": table, "known": bool(seen), "now": timezone.now()}
