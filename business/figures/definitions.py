"""The figures of the business, each defined once: its formula, its window, what it is compared with.

Source: "Executive analytics: definitions". A figure is computed as of an instant from the sums of
`measures.py`; null where nothing is known, never 0 in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from business.figures.measures import Need, Sums
from business.figures.moments import Moment, Window
from core.metrics import Kind, Unit

CENT = Decimal("0.01")
# Beyond what is shown: enough for whoever computes further.
GRAIN = Decimal("0.0001")


def exact(value: Fraction, grain: Decimal) -> Decimal:
    """The fraction to the grain, halves away from zero: the only rounding a figure sees."""
    scaled = abs(value) / Fraction(grain)
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (-1 if value < 0 else 1) * whole * grain


def ratio(part: Decimal, whole: Decimal, times: int = 1, grain: Decimal = GRAIN) -> Decimal | None:
    """`part` / `whole` x `times`; None when there is nothing to divide by."""
    return exact(Fraction(part) * times / Fraction(whole), grain) if whole else None


def revenue_month(now: Sums, base: Sums) -> Decimal | None:
    """Payments received minus refunds, each on its own day, from the 1st of the month to the instant."""
    return now[0].quantize(CENT)


def revenue_growth_pct(now: Sums, base: Sums) -> Decimal | None:
    """(revenue of the month - base) / base x 100. The base is the month before from its 1st to the same day
    and time; on a day which that month lacks, to its last instant. Null where the base is not above zero."""
    return ratio(now[0] - base[0], base[0], 100) if base[0] > 0 else None


def active_projects(now: Sums, base: Sums) -> Decimal | None:
    """Projects created by then whose status was neither completed nor cancelled.

    Now, the status says it. As of a past instant a project that is completed or cancelled now was over from the
    earlier of its two dates on, whichever of them are known (what was completed and cancelled later was over
    when it was completed); without a date its history of status tells, and where that tells nothing either, it
    was never open. A project that is open now was closed then only if its history says so.
    """
    return now[0]


def new_clients_month(now: Sums, base: Sums) -> Decimal | None:
    """Clients whose first contract's start, project's creation or payment received falls in the month."""
    return now[0]


def churn_pct(now: Sums, base: Sums) -> Decimal | None:
    """Clients active at the month's start and not at its end / active at its start x 100. Active: a contract
    that runs, an open project, or a payment received in the 90 days before (of the calendar, in the zone). The
    start is the last instant of the month before, so that who left with it is counted in exactly one month. Null
    where none was active."""
    return ratio(now[2], now[1], 100)


def satisfaction(now: Sums, base: Sums) -> Decimal | None:
    """Mean of the answers from 1 to 5 of the last 90 days of the calendar, in the zone. Null without any."""
    return ratio(now[0], now[1])


def project_value_avg(now: Sums, base: Sums) -> Decimal | None:
    """Mean value of the projects created in the last 365 days of the calendar, in the zone, that have a value.
    Those cancelled by then are aside, and those cancelled on a day that nobody knows. Null without any."""
    return ratio(now[0], now[1], grain=CENT)


def conversion_pct(now: Sums, base: Sums) -> Decimal | None:
    """Leads won / leads closed (won + lost) x 100, of those closed in the last 90 days of the calendar, in the
    zone. Null without any."""
    return ratio(now[0], now[1], 100)


def mrr(now: Sums, base: Sums) -> Decimal | None:
    """Sum over the contracts that run on the day of the amount in force per month: monthly + quarterly / 3 +
    annual / 12, rounded once, at the end. A contract runs from its start to its end, both days included."""
    monthly, quarterly, annual, _contracts = now
    return exact(Fraction(monthly) + Fraction(quarterly) / 3 + Fraction(annual) / 12, CENT)


@dataclass(frozen=True)
class Figure:
    """One figure. `measure` and `window` say what is summed, `compute` makes the figure of the sums now and
    at the base, `base` is the moment of the comparison and `base_words` names it. `counted` is the index of
    n among the sums. `exists`: without any row of this kind, whatever its date, there is nothing to sum and the
    figure is null; with one it is 0 where none falls in the window."""

    name: str
    unit: Unit
    kind: Kind
    label: Any
    formula: Any
    measure: str
    compute: Callable[[Sums, Sums], Decimal | None]
    window: Callable[[Moment], Window]
    base: Callable[[Moment], Moment]
    base_words: Any
    rows_are: Any
    money: bool = False
    exists: str | None = None
    counted: int | None = None
    compared: bool = True
    needs_base: bool = False
    higher_is_better: bool | None = True
    decimals: int = 0

    def needs(self, moment: Moment, compare: bool) -> list[Need]:
        """What must be measured for it."""
        wanted = [Need(self.measure, self._key(moment), moment, self.window(moment))]
        if self.needs_base or (compare and self.compared):
            base = self.base(moment)
            wanted.append(Need(self.measure, self._key(base), base, self.window(base)))
        return wanted

    def _key(self, moment: Moment) -> str:
        return moment.at.isoformat()


_MONTH = _("the same days of the month before")

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(
            "revenue_month",
            Unit.MONEY,
            Kind.FLOW,
            _("Revenue of the month"),
            _("Payments received minus refunds, each on its own day, from the 1st of the month to this instant."),
            "revenue",
            revenue_month,
            lambda moment: moment.month,
            lambda moment: moment.month_ago,
            _MONTH,
            _("Payments and refunds"),
            money=True,
            exists="payment",
            counted=1,
            decimals=2,
        ),
        Figure(
            "revenue_growth_pct",
            Unit.PERCENT,
            Kind.RATIO,
            _("Growth of revenue"),
            _(
                "(Revenue of the month − base) ÷ base. The base is the month before, from its 1st to the same day"
                " and time; on a day which that month lacks, to its last instant. Without a base above zero there"
                " is no growth to tell."
            ),
            "revenue",
            revenue_growth_pct,
            lambda moment: moment.month,
            lambda moment: moment.month_ago,
            _MONTH,
            _("Payments and refunds of both windows"),
            money=True,
            exists="payment",
            compared=False,
            needs_base=True,
            decimals=1,
        ),
        Figure(
            "active_projects",
            Unit.COUNT,
            Kind.GAUGE,
            _("Active projects"),
            _(
                "Projects created by this instant whose status was neither completed nor cancelled. As of a past"
                " day a closed project was over from the earlier of its dates of completion and cancellation."
            ),
            "open_projects",
            active_projects,
            lambda moment: moment.month,
            lambda moment: moment.month_ago,
            _("the same day of the month before"),
            _("Open projects"),
            exists="project",
        ),
        Figure(
            "new_clients_month",
            Unit.COUNT,
            Kind.FLOW,
            _("New clients of the month"),
            _(
                "Clients whose first contract, project or payment falls in the month: the earliest of the start of"
                " a contract, the creation of a project and a payment received."
            ),
            "clients",
            new_clients_month,
            lambda moment: moment.month,
            lambda moment: moment.month_ago,
            _MONTH,
            _("New clients"),
            exists="client",
        ),
        Figure(
            "churn_pct",
            Unit.PERCENT,
            Kind.RATIO,
            _("Client churn"),
            _(
                "Clients active at the month's start and not at its end ÷ clients active at its start. Active: a"
                " contract that runs, an open project, or a payment in the 90 days before. The start is the last"
                " instant of the month before."
            ),
            "clients",
            churn_pct,
            lambda moment: moment.month,
            lambda moment: moment.month_ago,
            _MONTH,
            _("Clients active at the month's start"),
            counted=1,
            higher_is_better=False,
            decimals=1,
        ),
        Figure(
            "satisfaction",
            Unit.RATING,
            Kind.RATIO,
            _("Satisfaction"),
            _("Mean of the answers, from 1 to 5, of the last 90 days."),
            "answers",
            satisfaction,
            lambda moment: moment.last_days(90),
            lambda moment: moment.days_ago(90),
            _("the 90 days before"),
            _("Answers"),
            counted=1,
            decimals=2,
        ),
        Figure(
            "project_value_avg",
            Unit.MONEY,
            Kind.RATIO,
            _("Mean value per project"),
            _(
                "Mean value of the projects created in the last 365 days, cancelled ones and those without a value"
                " aside."
            ),
            "values",
            project_value_avg,
            lambda moment: moment.last_days(365),
            lambda moment: moment.month_ago,
            _("a month before"),
            _("Projects with a value"),
            money=True,
            counted=1,
            decimals=2,
        ),
        Figure(
            "conversion_pct",
            Unit.PERCENT,
            Kind.RATIO,
            _("Conversion of leads"),
            _("Leads won ÷ leads closed (won + lost), of those closed in the last 90 days."),
            "leads",
            conversion_pct,
            lambda moment: moment.last_days(90),
            lambda moment: moment.days_ago(90),
            _("the 90 days before"),
            _("Closed leads"),
            counted=1,
            decimals=1,
        ),
        Figure(
            "mrr",
            Unit.MONEY,
            Kind.GAUGE,
            _("MRR"),
            _(
                "Sum over running contracts of the amount in force per month: monthly + quarterly ÷ 3 + annual ÷"
                " 12. A contract runs from its start to its end, both days included."
            ),
            "recurring",
            mrr,
            lambda moment: moment.month,
            lambda moment: moment.opening,
            _("the end of the month before"),
            _("Running contracts"),
            money=True,
            exists="contract",
            counted=3,
            decimals=2,
        ),
    )
}
