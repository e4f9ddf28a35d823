"""The host's figures, over the last 60 minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Point, Reading, State, Unit, Where, register
from monitoring.collector import FRESH
from monitoring.metrics import common


def read_samples(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Means of the last 60 minutes; the newest value for the connections. Stale when the newest sample is
    older than three intervals, no data when the window has none. One query."""
    found = {
        name: (mean, newest, at, count)
        for name, mean, newest, at, count in common.rows(
            "SELECT name, avg(value), (array_agg(value ORDER BY at DESC))[1], max(at), count(*)"
            " FROM monitoring_sample WHERE name = ANY(%s) AND at > %s AND at <= %s GROUP BY name",
            [list(names), as_of - common.WINDOW, as_of],
        )
    }
    readings = {}
    for name in names:
        if name not in found:
            readings[name] = Reading.unknown(as_of, _("nothing was measured in these 60 minutes"))
            continue
        mean, newest, at, count = found[name]
        value = newest if name == "db_connections" else mean
        state = State.KNOWN if as_of - at <= FRESH else State.STALE
        parts = {"mean": common.decimal(mean), "newest": common.decimal(newest), "samples": count}
        readings[name] = Reading(common.decimal(value), at, state, parts=parts)
    return readings


def sample_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """The mean of each day in the samples that are kept."""
    rows = common.rows(
        "SELECT (at AT TIME ZONE %s)::date AS day, avg(value) FROM monitoring_sample WHERE name = %s"
        " AND at >= %s::timestamp AT TIME ZONE %s AND at < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, name, *common.bounds(where, first, last)],
    )
    return common.days(first, last, ((row[0], row[1]) for row in rows), 2)


register(
    Metric(
        "cpu_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("CPU"),
        gettext_lazy("Busy share of all cores, mean of the samples of the last 60 minutes, one every 10 s."),
        read_samples,
        sample_series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
    ),
    Metric(
        "memory_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Memory"),
        gettext_lazy(
            "Share of the host's memory that is not available to a program, mean of the samples of the last "
            "60 minutes, one every 10 s."
        ),
        read_samples,
        sample_series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
    ),
    Metric(
        "db_connections",
        Unit.COUNT,
        Kind.GAUGE,
        gettext_lazy("Database connections"),
        gettext_lazy("Client connections open to this database at the newest sample."),
        read_samples,
        sample_series,
        per_agency=False,
    ),
)
