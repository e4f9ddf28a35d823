"""How figures and what they are compared with are written on the page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from business.figures import Value
from business.figures.definitions import FIGURES, Figure
from business.figures.moments import Moment, Window
from core import formats
from core.metrics import Unit
from core.pages.parts import Change, Kind

KINDS: dict[Unit, Kind] = {
    Unit.MONEY: "money",
    Unit.COUNT: "number",
    Unit.PERCENT: "percent",
    Unit.SCORE: "number",
    Unit.MILLISECONDS: "ms",
    Unit.BYTES: "bytes",
    Unit.RATING: "number",
}
# What the base of each figure is called: the same days, a single day, or the window before.
_SAME_DAYS = frozenset({"revenue_month", "new_clients_month", "churn_pct"})
_ONE_DAY = frozenset({"active_projects", "mrr", "project_value_avg"})


def text(value: Decimal | None, unit: Unit, currency: str, decimals: int) -> str:
    """A figure in a sentence, with its unit."""
    if value is None:
        return formats.no_data()
    match unit:
        case Unit.MONEY:
            return formats.money(value, currency)
        case Unit.PERCENT:
            return formats.percent(value, decimals)
        case Unit.MILLISECONDS:
            return formats.milliseconds(value)
        case Unit.BYTES:
            return formats.size(value)
    return formats.number(value, decimals)


def short(day: dt.date) -> str:
    """24/10; 24 Oct in English."""
    return day.strftime("%d/%m") if formats.portuguese() else f"{day.day}{formats.NBSP}{date_format(day, 'M')}"


def days(window: Window, moment: Moment) -> str:
    """1–24/10."""
    first, last = window.start.astimezone(moment.local.tzinfo), window.end.astimezone(moment.local.tzinfo)
    if (first.year, first.month) != (last.year, last.month):
        return f"{short(first.date())}–{short(last.date())}"
    return f"{first.day}–{short(last.date())}" if first.day != last.day else short(last.date())


def period(moment: Moment) -> str:
    """The heading's line: what the month's figures cover, and what they are compared with."""
    base = moment.month_ago
    return _("%(days)s, against %(base)s") % {
        "days": _long(moment.day, year=True),
        "base": _long(base.day, year=base.day.year != moment.day.year),
    }


def _long(last: dt.date, *, year: bool) -> str:
    """1 a 24 de novembro de 2026; 1–24 November 2026 in English."""
    name = date_format(last, "F")
    if not formats.portuguese():
        told = f"1–{last.day} {name}" if last.day > 1 else f"1 {name}"
        return f"{told} {last.year}" if year else told
    told = f"1 a {last.day} de {name.lower()}" if last.day > 1 else f"1º de {name.lower()}"
    return f"{told} de {last.year}" if year else told


def change(figure: Figure, value: Value, currency: str) -> Change | None:
    """The difference against the base; None where either is not known."""
    if value.value is None or value.base is None:
        return None
    difference = value.value - value.base
    if figure.unit is Unit.MONEY:
        amount = (
            formats.percent(abs(difference) * 100 / value.base, 1)
            if value.base > 0
            else formats.money(abs(difference), currency)
        )
    elif figure.unit is Unit.PERCENT:
        amount = f"{formats.number(abs(difference), 1)}{formats.NBSP}{_('p.p.')}"
    else:
        amount = formats.number(abs(difference), figure.decimals)
    worse = bool(difference) and figure.higher_is_better is not None and ((difference < 0) == figure.higher_is_better)
    base = text(value.base, figure.unit, currency, figure.decimals)
    return Change(
        "up" if difference > 0 else "down" if difference < 0 else "flat",
        amount,
        _("from %(base)s %(when)s") % {"base": base, "when": when(figure.name, value)},
        worse,
    )


def when(name: str, value: Value) -> str:
    """The base's time in words: in 1–24/10; on 31/10; in the 90 days before."""
    assert value.base_at is not None
    assert value.base_window is not None
    figure = FIGURES[name]
    if name in _SAME_DAYS:
        return _("in %(days)s") % {"days": days(value.base_window, _moment_of(value))}
    if name in _ONE_DAY:
        return _("on %(day)s") % {"day": short(_moment_of(value).day)}
    return str(_("in %(words)s") % {"words": figure.base_words})


def _moment_of(value: Value) -> Moment:
    assert value.base_at is not None
    return Moment(value.base_at, value.zone)
