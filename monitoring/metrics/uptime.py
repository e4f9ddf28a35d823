"""Uptime, and how many health checks pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import formats
from core.metrics import Kind, Metric, Point, Reading, Unit, Where, register
from monitoring import health
from monitoring.metrics import common

UPTIME_WINDOW = dt.timedelta(days=30)
UP = ("ok", "degraded")


def uptime(name: str, start: dt.datetime, end: dt.datetime) -> tuple[Decimal | None, dict[str, Any]]:
    """Share of time from `start` (or the first check, when that is later) to `end` in which the check `name`
    ("" for all of them) said ok or degraded; with the seconds up, down and not observed, which count as down."""
    rows = common.rows(
        "SELECT f.first, f.passing, f.checks, s.status, s.spent FROM"
        " (SELECT (SELECT min(since) FROM monitoring_span WHERE name = %(name)s) AS first,"
        "         count(*) FILTER (WHERE status = 'ok') AS passing, count(*) AS checks"
        "    FROM monitoring_span WHERE name <> '' AND since <= %(end)s AND until > %(end)s) AS f"
        " LEFT JOIN (SELECT status, sum(extract(epoch FROM least(until, %(end)s) - greatest(since, %(start)s))) AS spent"  # noqa: E501
        "              FROM monitoring_span WHERE name = %(name)s AND since < %(end)s AND until > %(start)s"
        "             GROUP BY status) AS s ON true",
        {"name": name, "start": start, "end": end},
    )
    first, passing, made = rows[0][:3]
    if first is None or first >= end:
        return None, {}
    seconds = {status: Decimal(spent) for *_head, status, spent in rows if status is not None}
    total = Decimal(str((end - max(start, first)).total_seconds()))
    up = sum((seconds.get(status, Decimal(0)) for status in UP), Decimal(0))
    down = sum(seconds.values(), Decimal(0)) - up
    unobserved = max(Decimal(0), total - up - down)
    parts = {
        "up_s": up,
        "down_s": down,
        "unobserved_s": unobserved,
        "unobserved_pct": common.decimal(100 * unobserved / total, 3),
        "since": max(start, first),
        "passing": passing,
        "checks": made,
    }
    return common.decimal(100 * up / total, 3), parts


def read_uptime(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Over the 30 days before `as_of`, or since the first check."""
    value, parts = uptime(health.ALL, as_of - UPTIME_WINDOW, as_of)
    if value is None:
        reading = Reading.unknown(as_of, _("no health check was made yet"))
    else:
        note = ""
        if parts["unobserved_pct"]:
            note = _("%(share)s %% of the time was not observed and counts as down") % {
                "share": formats.number(parts["unobserved_pct"], 1)
            }
        reading = Reading(value, as_of, note=note, parts=parts)
    return {name: reading if name == "uptime_pct" else _passing(parts, as_of) for name in names}


def _passing(parts: dict[str, Any], as_of: dt.datetime) -> Reading:
    """Share of the checks made by then whose result was ok; unknown where none was fresh."""
    if not parts or not parts["checks"]:
        return Reading.unknown(as_of, _("no health check is fresh"))
    share = common.decimal(Decimal(100 * parts["passing"]) / parts["checks"])
    return Reading(share, as_of, parts={"passing": parts["passing"], "checks": parts["checks"]})


def uptime_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own share, from the first check on and to now at most."""
    rows = common.rows(
        "WITH edges AS (SELECT min(since) AS first FROM monitoring_span WHERE name = ''),"
        " days AS (SELECT day::date, greatest(day AT TIME ZONE %(zone)s, edges.first) AS start,"
        "            least((day + interval '1 day') AT TIME ZONE %(zone)s, now()) AS finish"
        "          FROM edges, generate_series(%(first)s::timestamp, %(last)s::timestamp, '1 day') AS day)"
        " SELECT day, 100 * coalesce(sum(extract(epoch FROM least(until, finish) - greatest(since, start)))"
        "                            FILTER (WHERE status = ANY(%(up)s)), 0)"
        "               / extract(epoch FROM finish - start)"
        " FROM days LEFT JOIN monitoring_span ON name = '' AND since < finish AND until > start"
        " WHERE finish > start AND EXISTS (SELECT FROM edges WHERE first IS NOT NULL) GROUP BY day, start, finish",
        {"zone": where.zone, "first": first, "last": last, "up": list(UP)},
    )
    return common.days(first, last, rows, 3)


register(
    Metric(
        "uptime_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Uptime"),
        gettext_lazy(
            "Time in which the health checks said ok or degraded ÷ all time of the last 30 days, or since the "
            "first check. Time that was not observed counts as down and is shown apart."
        ),
        read_uptime,
        uptime_series,
        higher_is_better=True,
        per_agency=False,
        decimals=3,
    ),
    Metric(
        "health.passing_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Health checks that pass"),
        gettext_lazy("Health checks whose last result is ok ÷ all checks that were made."),
        read_uptime,
        higher_is_better=True,
        per_agency=False,
    ),
)
