"""Figures of the requests, over the last 60 minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Point, Reading, Unit, Where, register
from monitoring.metrics import common

# Probes and assets would drown what people wait for.
NOT_COUNTED = ("/api/health", "/api/system/health", "/metrics", "(static)")


def read_requests(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Mean response time and share of 5xx answers over the last 60 minutes, in one query."""
    ((count, total_ms, errors),) = common.rows(
        "SELECT sum(count), sum(total_ms), sum(count) FILTER (WHERE status >= 500)"
        " FROM monitoring_requestminute WHERE minute > %s AND minute <= %s AND NOT route = ANY(%s)",
        [as_of - common.WINDOW, as_of, list(NOT_COUNTED)],
    )
    if not count:
        nothing = Reading.unknown(as_of, _("no request in these 60 minutes"))
        return dict.fromkeys(names, nothing)
    count, errors = int(count), int(errors or 0)
    note = _("of %(count)s requests") % {"count": count}
    values = {
        "response_time_ms": common.decimal(total_ms / count),
        "error_rate_pct": common.decimal(Decimal(100 * errors) / count, 3),
    }
    parts = {"requests": count, "errors": errors}
    return {name: Reading(values[name], as_of, note=note, parts=parts) for name in names}


def request_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own mean or share, from sums: never a mean of means."""
    figure = (
        "sum(total_ms)::numeric / sum(count)"
        if name == "response_time_ms"
        else "100 * coalesce(sum(count) FILTER (WHERE status >= 500), 0)::numeric / sum(count)"
    )
    rows = common.rows(
        f"SELECT (minute AT TIME ZONE %s)::date AS day, {figure} FROM monitoring_requestminute"  # noqa: S608
        " WHERE NOT route = ANY(%s)"
        " AND minute >= %s::timestamp AT TIME ZONE %s AND minute < %s::timestamp AT TIME ZONE %s GROUP BY day",
        [where.zone, list(NOT_COUNTED), *common.bounds(where, first, last)],
    )
    return common.days(first, last, ((row[0], row[1]) for row in rows), 2 if name == "response_time_ms" else 3)


register(
    Metric(
        "response_time_ms",
        Unit.MILLISECONDS,
        Kind.RATIO,
        gettext_lazy("Response time"),
        gettext_lazy(
            "Mean time to answer a page or API call in the last 60 minutes, as the server measures it. Static "
            "files and health probes do not count."
        ),
        read_requests,
        request_series,
        higher_is_better=False,
        per_agency=False,
    ),
    Metric(
        "error_rate_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Error rate"),
        gettext_lazy(
            "Answers with a status of 500 or above ÷ all answers, last 60 minutes. Static files and health "
            "probes do not count."
        ),
        read_requests,
        request_series,
        higher_is_better=False,
        per_agency=False,
        decimals=2,
    ),
)
