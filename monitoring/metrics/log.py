"""Figures of the system log: errors and warnings a minute, and groups that wait for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Point, Reading, Unit, Where, register
from monitoring.log.tables import KEPT
from monitoring.metrics import common

SLOT = dt.timedelta(seconds=10)
MINUTE = dt.timedelta(minutes=1)
ERRORS, WARNINGS, OPEN = "log.errors_per_min", "log.warnings_per_min", "log.open_groups"
_COUNTS = (
    "coalesce(sum(count) FILTER (WHERE level >= 40), 0), coalesce(sum(count) FILTER (WHERE level < 40), 0)"
    " FROM monitoring_logslot"
)


def read_log(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Of the last whole minute in steps of ten seconds. None having come is 0: whoever can read this table is
    also heard by it. Before the 30 days that are kept nothing is known."""
    end = dt.datetime.fromtimestamp(as_of.timestamp() // 10 * 10, dt.UTC)
    ((waiting, errors, warnings),) = common.rows(
        "SELECT (SELECT count(*) FROM monitoring_loggroup WHERE state IN ('open', 'regressed')),"  # noqa: S608
        f" {_COUNTS} WHERE slot >= %s AND slot < %s",
        [end - MINUTE, end],
    )
    known = {ERRORS: Decimal(errors), WARNINGS: Decimal(warnings), OPEN: Decimal(waiting)}
    now = dt.datetime.now(dt.UTC)
    found = {}
    for name in names:
        # The state of the groups is kept as it is now, not as it was.
        lost = as_of < now - (KEPT if name != OPEN else 2 * MINUTE)
        nothing = Reading.unknown(as_of, _("not kept any more"))
        found[name] = nothing if lost else Reading(known[name], as_of if name == OPEN else end)
    return found


def log_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's records a minute: of the whole day, or of today's minutes so far. Days before the first kept
    record are unknown."""
    column = 1 if name == ERRORS else 2
    rows = common.rows(
        f"SELECT (slot AT TIME ZONE %s)::date AS day, {_COUNTS}"
        " WHERE slot >= %s::timestamp AT TIME ZONE %s AND slot < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, *common.bounds(where, first, last)],
    )
    (((begun,),), now) = common.rows("SELECT min(slot) FROM monitoring_logslot", []), dt.datetime.now(dt.UTC)
    counts = {row[0]: row[column] for row in rows}
    values = []
    for number in range(max(0, (last - first).days + 1)):
        day = first + dt.timedelta(days=number)
        start, end = _day(where, day), min(now, _day(where, day + dt.timedelta(days=1)))
        if begun is not None and end > begun and end > start:
            minutes = Decimal(str((end - max(start, begun)).total_seconds())) / 60
            values.append((day, Decimal(counts.get(day, 0)) / max(minutes, Decimal(1))))
    return common.days(first, last, values, 3)


def _day(where: Where, day: dt.date) -> dt.datetime:
    from zoneinfo import ZoneInfo

    return dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(where.zone))


register(
    Metric(
        ERRORS,
        Unit.PER_MINUTE,
        Kind.FLOW,
        gettext_lazy("Errors in the log"),
        gettext_lazy("Lines of the level error or critical that any process logged in the last whole minute."),
        read_log,
        log_series,
        higher_is_better=False,
        per_agency=False,
    ),
    Metric(
        WARNINGS,
        Unit.PER_MINUTE,
        Kind.FLOW,
        gettext_lazy("Warnings in the log"),
        gettext_lazy("Lines of the level warning that any process logged in the last whole minute."),
        read_log,
        log_series,
        higher_is_better=False,
        per_agency=False,
    ),
    Metric(
        OPEN,
        Unit.COUNT,
        Kind.GAUGE,
        gettext_lazy("Open groups of the log"),
        gettext_lazy("Groups of warnings and errors that nobody has resolved or muted."),
        read_log,
        higher_is_better=False,
        per_agency=False,
    ),
)
