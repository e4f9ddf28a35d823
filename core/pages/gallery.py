"""`/design`: every component in every state, for whoever builds or checks pages. Its figures are examples
and the page says so; nothing here reads the business."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import charts, formats
from core.pages import page, parts
from core.pages.listing import Column, Filter, Listing, ListingPage
from core.people.access import Denied

_WAVE = [52, 55, 51, 58, 60, 57, 62, 66, 64, 69, 71, 70, 74, 78, 76, 81, 85, 83, 88, 92, 90, 95, 99, 102]
_BEFORE = [50, 51, 53, 52, 56, 58, 57, 60, 61, 63, 62, 66, 68, 67, 70, 72, 75, 74, 77, 79, 82, 81, 84, 86]


@dataclass(frozen=True)
class ExampleRow:
    name: str
    city: str
    status: str
    revenue: Decimal | None
    since: dt.date


LISTING = Listing(
    "examples",
    columns=[
        Column("name", gettext_lazy("Client"), order="name"),
        Column("city", gettext_lazy("City"), css="wide-only"),
        Column("status", gettext_lazy("Status")),
        Column("since", gettext_lazy("Since"), order="since", numeric=True),
        Column("revenue", gettext_lazy("Revenue"), order="revenue", numeric=True, descending=True),
    ],
    filters=[Filter("status", gettext_lazy("Status"), [("a", gettext_lazy("Active")), ("b", gettext_lazy("Paused"))])],
    search=["name"],
    sort="-revenue",
)


class ExampleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("As on the invoice."))
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    kind = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[("", "—"), ("a", gettext_lazy("Active")), ("b", gettext_lazy("Paused"))],
    )
    since = forms.DateField(label=gettext_lazy("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    how = forms.ChoiceField(
        label=gettext_lazy("Frequency"),
        choices=[("m", gettext_lazy("Monthly")), ("y", gettext_lazy("Annual"))],
        widget=forms.RadioSelect,
    )
    agree = forms.BooleanField(label=gettext_lazy("Send a copy by e-mail"), required=False)


def design(request: HttpRequest) -> HttpResponse:
    """For global admins."""
    if not request.viewer.is_global_admin:  # type: ignore[attr-defined]
        raise Denied
    now = timezone.now()
    return page(
        request,
        "core/design.html",
        {
            "reading": _reading(),
            "tiles": _tiles(now),
            "wide_tiles": _wide_tiles(now),
            "statuses": [(status.value, status.value) for status in parts.Status],
            "moments": _moments(now),
            "jobs": _jobs(),
            "links": [
                parts.Link(_("This month"), "?period=month", current=True),
                parts.Link(_("Month before"), "?period=before"),
                parts.Link(_("90 days"), "?period=90"),
                parts.Link(_("12 months"), "?period=365"),
            ],
            "tabs": [
                parts.Link(_("Open"), "?tab=open", current=True, count=7),
                parts.Link(_("Resolved"), "?tab=resolved", count=1234),
            ],
            "crumbs": [parts.Link(_("Components"), "/design"), parts.Link(_("Examples"), "")],
            "scopes": parts.Scopes(
                _("Example agency"),
                [
                    parts.Link(_("Example agency"), "?agency=a", current=True),
                    parts.Link(_("Another agency"), "?agency=b"),
                ],
            ),
            "consequences": [_("3 projects become read-only."), _("12 payments stay as they are.")],
            "form": ExampleForm(),
            "broken": ExampleForm({"name": "", "email": "x", "agree": "on"}, prefix="broken"),
            "listing": ListingPage(_rows(), "example", "example", LISTING.parse(request)),
            "waterfall": _waterfall(),
            "cohorts": _cohorts(),
            "heat": _heat(),
            "strips": _strips(),
            "bars": _bars(),
            "limit": _limit(),
            "change_up": parts.Change("up", formats.percent(8.4), _("from the same days of October")),
            "change_worse": parts.Change("down", formats.percent(9.4), worse=True),
            "change_flat": parts.Change("flat", formats.percent(0.3)),
            "amount": Decimal("-1234567.89"),
        },
    )


def _reading() -> parts.Reading:
    return parts.Reading(
        parts.Cell(
            format_html(
                "<b>{}</b> {}",
                _("An example of something critical."),
                _("A sentence with the figure: 212 charges of 38 clients wait."),
            ),
            _("Since 13:49, nobody has taken it."),
            parts.Link(_("Open the alert"), "#"),
            parts.Tone.CRITICAL,
        ),
        parts.Cell(
            format_html(_("Revenue is <b>{} above</b> the same days of October."), formats.percent(8.4)),
            _("Losses were larger than expansions."),
        ),
        parts.Cell(_("Most of the rise comes from one agency that opened on the 3rd."), ""),
    )


def _tiles(now: dt.datetime) -> list[parts.Tile]:
    ghost: list[Point] = [*_BEFORE]
    gap: list[Point] = [*_WAVE[:9], None, None, None, *_WAVE[12:]]
    pace = [value * 13_000 for value in _accumulated(_WAVE)]
    before = [value * 13_000 for value in _accumulated([*_BEFORE, 88, 87, 90, 92, 91, 95, 97])]
    takeaway = _("Example: rises through the period")
    return [
        parts.Tile(
            _("Revenue of the month"),
            Decimal("1284650.40"),
            "money",
            href="#",
            as_of=now,
            shape="big",
            change=parts.Change("up", formats.percent(8.4), _("from R$ 1.185.101,85 by the same day")),
            chart=charts.area(
                pace,
                takeaway=takeaway,
                ghost=before,
                slots=31,
                now=_("24, now"),
                ticks=[(0, "1"), (4, "5"), (9, "10"), (14, "15"), (19, "20"), (30, "31")],
                axis=lambda value: formats.compact(value, "BRL"),
            ),
        ),
        parts.Tile(
            _("MRR"),
            Decimal(928480),
            "money",
            href="#",
            as_of=now,
            shape="tall",
            chart=charts.sparkline(_WAVE, takeaway=takeaway, ghost=ghost, wide=True),
            change=parts.Change("up", formats.percent(3.9), _("from 31/10")),
        ),
        parts.Tile(
            _("Client churn"),
            Decimal("1.9"),
            "percent",
            href="#",
            as_of=now,
            shape="tall",
            chart=charts.sparkline(_BEFORE[::-1], takeaway=takeaway, ghost=_WAVE[::-1], wide=True),
            change=parts.Change("down", "0,4"),
            note=_("5 of 263 active on the 1st"),
        ),
        parts.Tile(
            _("New clients"),
            14,
            href="#",
            as_of=now,
            shape="tall",
            chart=charts.sparkline(gap, takeaway=takeaway, wide=True),
            change=parts.Change("down", "3", _("from 17"), worse=True),
        ),
        parts.Tile(
            _("Conversion, 90 days"),
            Decimal("31.4"),
            "percent",
            href="#",
            as_of=now - dt.timedelta(hours=19),
            age=dt.timedelta(hours=19),
            state=parts.State.STALE,
            shape="tall",
            chart=charts.sparkline([*_WAVE[:20], None, None, None, None], takeaway=takeaway, wide=True),
            note=_("38 of 121 closed leads"),
        ),
        parts.Tile(
            _("Active projects"),
            187,
            href="#",
            as_of=now,
            chart=charts.sparkline(_WAVE, takeaway=takeaway, ghost=ghost),
            change=parts.Change("up", "6", _("from 181")),
        ),
        parts.Tile(
            _("Satisfaction, 90 days"),
            None,
            href="#",
            as_of=now,
            note=_("No answer since 14/08."),
            action=parts.Link(_("Send the survey"), "#"),
        ),
        parts.Tile(
            _("Cache hit rate"),
            None,
            "percent",
            href="#",
            state=parts.State.UNAVAILABLE,
            feature=_("The cache library does not report yet."),
            action=parts.Link(_("See the plan"), "#"),
        ),
        parts.Tile(
            _("Health score"),
            82,
            unit=_("of 100"),
            href="#",
            as_of=now,
            chart=charts.sparkline(_BEFORE[::-1], takeaway=takeaway, bad=True),
            change=parts.Change("down", "9", _("queue −10, checks −5"), worse=True),
        ),
    ]


type Point = float | Decimal | None


def _wide_tiles(now: dt.datetime) -> list[parts.Tile]:
    return [
        parts.Tile(_("Response time, p95"), 48, "ms", as_of=now),
        parts.Tile(_("Queue age"), 1085, "duration", as_of=now, change=parts.Change("up", "18 min", worse=True)),
        parts.Tile(_("Memory"), 49_069_150_208, "bytes", as_of=now),
        parts.Tile(_("Balance"), Decimal("-480.5"), "money", as_of=now),
        parts.Tile(_("Churn, change"), Decimal("-0.4"), "points", as_of=now, places=1),
    ]


def _accumulated(values: list[int]) -> list[float]:
    out, total = [], 0.0
    for value in values:
        total += value
        out.append(total)
    return out


def _moments(now: dt.datetime) -> list[parts.Moment]:
    return [
        parts.Moment(now + dt.timedelta(minutes=2), _("Escalates to the next person"), "pending"),
        parts.Moment(now, _("Told: dashboard, e-mail"), "bell"),
        parts.Moment(now - dt.timedelta(minutes=1), _("Fired"), "critical", parts.Tone.CRITICAL),
        parts.Moment(
            now - dt.timedelta(minutes=9),
            _("Deployed"),
            "settings",
            link=parts.Link(_("See the change"), "#"),
        ),
    ]


def _jobs() -> list[parts.JobView]:
    return [
        parts.JobView("1", _("Import of payments"), "running", 42, _("42,000 of 100,000 rows")),
        parts.JobView("2", _("Import of clients"), "queued", 0, _("Starts in a moment")),
        parts.JobView(
            "3",
            _("Import of leads"),
            "done",
            100,
            _("1,204 new, 3 rejected"),
            result=parts.Link(_("Rejected rows"), "#"),
        ),
        parts.JobView("4", _("Import of contracts"), "failed", 12, _("The file ends in the middle of a row")),
    ]


def _waterfall() -> str:
    def step(label: str, amount: str, role: charts.StepRole, note: str) -> charts.Step:
        value = Decimal(amount)
        sign = {"balance": "", "in": "+ ", "out": "− "}[role]
        written = formats.money(value) if role == "balance" else f"{sign}{formats.number(value, 2)}"
        return charts.Step(label, value, role, written, note, "" if role == "balance" else "#")

    return charts.waterfall(
        [
            step(_("MRR on 31/10"), "893720", "balance", _("288 contracts")),
            step(_("New"), "41300", "in", _("9 contracts")),
            step(_("Expansion"), "18640", "in", _("6 contracts")),
            step(_("Reactivation"), "4200", "in", _("1 contract")),
            step(_("Contraction"), "12480", "out", _("4 contracts")),
            step(_("Cancelled"), "16900", "out", _("3 clients")),
            step(_("MRR on 24/11"), "928480", "balance", _("294 contracts")),
        ],
        caption=_("Movement of the MRR"),
        head=(_("Movement"), _("Amount"), _("Made of")),
    )


def _cohorts() -> str:
    shares: list[tuple[str, str, list[int | None]]] = [
        ("jun. 2026", "21", [100, 95, 95, 90, 86, 86]),
        ("jul. 2026", "17", [100, 94, 88, 88, 82]),
        ("ago. 2026", "24", [100, 100, 96, 92]),
        ("set. 2026", "19", [100, 95, None]),
        ("out. 2026", "17", [100, 94]),
    ]
    rows = [
        charts.Cohort(label, size, [None if v is None else (v, str(v)) for v in values])
        for label, size, values in shares
    ]
    return charts.cohorts(rows, caption=_("Retention by cohort"), head=(_("First month"), "n"))


def _heat() -> str:
    rows = []
    for core in range(8):
        values: list[Point] = [(core * 37 + column * (11 + core)) % 70 for column in range(48)]
        values[14:17] = [None, None, None]
        if core == 5:
            values[30:] = [100] * 18
        rows.append(charts.HeatRow(str(core), values, formats.percent(values[-1], 0), bad=core == 5))
    ticks = [(0, "13:02"), (16, "13:20"), (32, "13:44"), (47, "14:02")]
    return charts.heat(rows, takeaway=_("Example: core 5 is at 100%"), low=0, high=100, ticks=ticks)


def _strips() -> list[tuple[str, str, str, str]]:
    ok: list[charts.Beat] = ["ok"] * 60
    down: list[charts.Beat] = [*ok[:44], "degraded", "degraded", *["down"] * 14]  # type: ignore[list-item]
    lost: list[charts.Beat] = [*ok[:20], *[None] * 8, *ok[:32]]
    return [
        (_("Database"), "ok", _("up"), charts.strip(ok, takeaway=_("Up through the hour"))),
        (_("Queue"), "critical", _("down"), charts.strip(down, takeaway=_("Down since 13:46"))),
        (_("Mail"), "unknown", _("no data"), charts.strip(lost, takeaway=_("Not observed for 8 minutes"))),
        (_("Ads"), "off", _("not configured"), charts.strip([None] * 60, takeaway=_("Never observed"))),
    ]


def _rows() -> list[ExampleRow]:
    day = dt.date(2025, 3, 14)
    return [
        ExampleRow("Laticínios Serra Branca", "Curitiba", "ok", Decimal(18400), day),
        ExampleRow("Rede Bem Querer Farmácias", "Recife", "ok", Decimal("9800.5"), day - dt.timedelta(400)),
        ExampleRow("Ótica Boa Vista", "Salvador", "off", None, day + dt.timedelta(90)),
    ]


def _bars() -> str:
    items = [charts.Bar(str(day), None if day == 5 else day * 3 % 17 + 4) for day in range(1, 25)]
    return charts.bars(items, takeaway=_("Example: one bar a day"))


def _limit() -> str:
    values = [40.0, 44, 39, 42, 41, 45, 40, 43, 120, 200, 290, 380, 460, 560, 650, 740, 830, 920, 1010, 1085]
    return charts.area(
        values,
        takeaway=_("Example: the queue stopped and passed its limit"),
        bad=True,
        limit=(300, _("limit, 5 min")),
        ticks=[(0, "13:02"), (10, "13:32"), (19, "14:02")],
        axis=lambda v: formats.duration(v),
    )
