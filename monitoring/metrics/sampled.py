"""Metrics that the collector samples: declared as rows of a table, read as their newest sample."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.metrics import Kind, Lines, Metric, Point, Reading, State, Unit, Where, Window, register
from monitoring.metrics import common
from monitoring.series import stored

type Row = tuple[str, Unit, Any, Any, tuple[str, ...], int, bool | None]
"""Name, unit, label, formula, labels of its series, decimals, whether higher is better."""


def sampled(*rows: Row, kind: Kind = Kind.GAUGE) -> None:
    """Registers metrics of the store: each is one series, or several told apart by host and labels."""
    register(
        *(
            Metric(
                name,
                unit,
                kind,
                label,
                formula,
                read,
                series,
                higher_is_better=better,
                per_agency=False,
                decimals=decimals,
                labels=labels,
                lines=lines,
            )
            for name, unit, label, formula, labels, decimals, better in rows
        )
    )


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """The newest sample, stale after three intervals. Of several series (hosts, cores, disks) there is no one
    value; `parts` has each by what tells it apart. One query."""
    from monitoring.store import reading  # numpy, which the collector does without

    found: dict[str, list[reading.Newest]] = {}
    for one in reading.latest(names, as_of):
        found.setdefault(one.metric, []).append(one)
    readings = {}
    for name in names:
        every = found.get(name, [])
        fresh = [one for one in every if one.is_fresh(as_of)]
        # A series that ended (a disk that was taken out) is not a value of now beside the others.
        readings[name] = _reading(fresh or every, as_of, State.KNOWN if fresh else State.STALE)
    return readings


def _reading(newest: Sequence[Any], as_of: dt.datetime, state: State) -> Reading:
    if not newest:
        return Reading.unknown(as_of, _("nothing was measured in these 15 minutes"))
    at = max(one.at for one in newest)
    parts = {" ".join([one.host, *one.labels.values()]).strip(): common.decimal(one.value) for one in newest}
    if len(newest) > 1:
        return Reading(None, at, state, _("of several: each has its own"), parts)
    return Reading(common.decimal(newest[0].value), at, state, parts=parts)


def series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """The mean of each day, over all series."""
    return common.days(first, last, common.by_day(where, [name], first, last)[name].items(), 2)


def lines(names: Sequence[str], window: Window) -> dict[str, Lines]:
    """All series over any window."""
    return stored(list(names), window)
