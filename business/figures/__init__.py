"""Figures of the business as of any instant, of one agency, several or the whole group.

`read` gives values with their comparison; `rows` lists what a value is made of, `series` one value a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from core.metrics import Where

if TYPE_CHECKING:
    from business.figures.measures import Measured
    from business.figures.moments import Moment, Window


class SeveralCurrencies(Exception):
    """Amounts of different currencies are never summed. `currencies`: those in scope."""

    def __init__(self, currencies: tuple[str, ...]) -> None:
        super().__init__(", ".join(currencies))
        self.currencies = currencies


@dataclass(frozen=True)
class Value:
    """A figure as of a moment and at its base. `n`: of how many rows; None where that says nothing.

    `mixed`: it is money and the scope has several currencies, so that there is no value.
    """

    value: Decimal | None
    at: dt.datetime
    window: Window
    zone: str
    base: Decimal | None = None
    base_at: dt.datetime | None = None
    base_window: Window | None = None
    n: int | None = None
    sums: tuple[Decimal, ...] = ()
    base_sums: tuple[Decimal, ...] = ()
    mixed: bool = False


@dataclass(frozen=True)
class Values:
    """All that one statement told: the scope's figures, each agency's, and the raw sums."""

    total: dict[str, Value]
    measured: Measured
    moment: Moment

    def of_agency(self, agency_id: int, names: Iterable[str]) -> dict[str, Value]:
        return {name: value_of(name, self.moment, self.measured, agency_id) for name in names}


def value_of(name: str, moment: Moment, measured: Measured, agency_id: int | None = None) -> Value:
    """One figure from the sums."""
    from business.figures.definitions import FIGURES
    from business.figures.measures import NONE

    figure = FIGURES[name]
    mixed = figure.money and agency_id is None and len(measured.currencies) > 1
    base = figure.base(moment)

    def computed(then: Moment, before: Moment | None) -> tuple[Decimal | None, tuple[Decimal, ...]]:
        sums = measured.total(figure.measure, then.at.isoformat(), agency_id)
        other = measured.total(figure.measure, before.at.isoformat(), agency_id) if before else NONE
        if figure.exists is not None and not measured.exists(figure.exists, agency_id):
            return None, sums
        return figure.compute(sums, other), sums

    value, sums = computed(moment, base)
    has_base = figure.compared and (figure.measure, base.at.isoformat()) in measured.asked
    base_value, base_sums = computed(base, None) if has_base else (None, NONE)
    if figure.needs_base:
        base_sums = measured.total(figure.measure, base.at.isoformat(), agency_id)
    return Value(
        value=None if mixed else value,
        at=moment.at,
        window=figure.window(moment),
        zone=moment.zone,
        base=None if mixed else base_value,
        base_at=base.at,
        base_window=figure.window(base),
        n=int(sums[figure.counted]) if figure.counted is not None else None,
        sums=sums,
        base_sums=base_sums,
        mixed=mixed,
    )


def read(where: Where, moment: Moment, names: Iterable[str], *, compare: bool = True, by_day: bool = False) -> Values:
    """The figures as of the moment in one statement, with their bases when asked to `compare`; with `by_day`
    the revenue of every day of both months and the funnel of leads as well."""
    from business.figures.definitions import FIGURES
    from business.figures.measures import Need, measure
    from business.figures.moments import TICK, Window

    wanted = list(names)
    needs = [need for name in wanted for need in FIGURES[name].needs(moment, compare)]
    if by_day:
        # The rest of last month, which the month's pace is drawn over.
        rest = Window(moment.month_ago.at + TICK, moment.month_start - TICK)
        needs.append(Need("revenue", "rest", moment.month_ago, rest))
    measured = measure(where, needs, by_day=by_day, funnel=moment.last_days(90) if by_day else None)
    return Values({name: value_of(name, moment, measured) for name in wanted}, measured, moment)
