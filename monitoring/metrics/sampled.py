"""Metrics that the collector samples: declared as rows of a table, read as their newest sample."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from core.metrics import Kind, Metric, Point, Reading, State, Unit, Where, register
from monitoring.metrics import common

INTERVAL: Final = dt.timedelta(seconds=10)
FRESH: Final = 3 * INTERVAL
"""How long a sample is fresh; what is older is stale."""

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
            )
            for name, unit, label, formula, labels, decimals, better in rows
        )
    )


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """The newest sample of the hour before `as_of`, stale after three intervals. Of several series there is no
    one value; `parts` has each by host and labels. One query."""
    found: dict[str, list[tuple[str, float, dt.datetime]]] = {}
    for name, host, labels, value, at in common.rows(
        "SELECT DISTINCT ON (name, host, labels) name, host, labels::text, value, at FROM monitoring_sample"
        " WHERE name = ANY(%s) AND at > %s AND at <= %s ORDER BY name, host, labels, at DESC",
        [list(names), as_of - common.WINDOW, as_of],
    ):
        found.setdefault(name, []).append((f"{host} {labels}" if labels != "{}" else host, value, at))
    return {name: _reading(found.get(name, []), as_of) for name in names}


def _reading(lines: list[tuple[str, float, dt.datetime]], as_of: dt.datetime) -> Reading:
    if not lines:
        return Reading.unknown(as_of, _("nothing was measured in these 60 minutes"))
    newest = max(at for _name, _value, at in lines)
    state = State.KNOWN if as_of - newest <= FRESH else State.STALE
    # A series that ended (a disk taken out) is not a value of now beside the others.
    lines = [line for line in lines if newest - line[2] < FRESH]
    parts = {name: common.decimal(value) for name, value, _at in lines}
    if len(lines) > 1:
        return Reading(None, newest, state, _("of several: each has its own"), parts)
    return Reading(common.decimal(lines[0][1]), newest, state, parts=parts)


def series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """The mean of each day in the samples that are kept."""
    rows = common.rows(
        "SELECT (at AT TIME ZONE %s)::date AS day, avg(value) FROM monitoring_sample WHERE name = %s"
        " AND at >= %s::timestamp AT TIME ZONE %s AND at < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, name, *common.bounds(where, first, last)],
    )
    return common.days(first, last, ((row[0], row[1]) for row in rows), 2)
