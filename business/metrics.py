"""Registers the figures of the business."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from business import figures
from business.figures.definitions import FIGURES, Figure
from business.figures.moments import Moment
from business.figures.series import series
from core.metrics import Metric, Point, Reading, State, Where, register

# Within it an instant is "now": the rows' present state is their state.
_NOW = dt.timedelta(seconds=60)


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """The figures as of an instant, in one statement."""
    moment = Moment(as_of, where.zone, live=timezone.now() - as_of < _NOW)
    found = figures.read(where, moment, names, compare=False)
    return {name: reading(value) for name, value in found.total.items()}


def reading(value: figures.Value) -> Reading:
    """A figure as the registry gives it; `parts` holds its window and n."""
    parts = {"window": value.window, "n": value.n}
    if value.mixed:
        return Reading(None, value.at, State.NO_DATA, str(_("Choose a currency: there are several.")), parts)
    state = State.KNOWN if value.value is not None else State.NO_DATA
    return Reading(value.value, value.at, state, parts=parts)


def _series(name: str, where: Where, metric: str, first: dt.date, last: dt.date) -> list[Point]:
    return series(where, name, first, last)


def _metric(figure: Figure) -> Metric:
    return Metric(
        name=figure.name,
        unit=figure.unit,
        kind=figure.kind,
        label=figure.label,
        formula=figure.formula,
        read=read,
        series=partial(_series, figure.name),
        higher_is_better=figure.higher_is_better,
        decimals=figure.decimals,
    )


register(*(_metric(figure) for figure in FIGURES.values()))
