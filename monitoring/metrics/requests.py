"""Figures of the requests: over the last 60 minutes, by day, and in steps over any window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Line, Lines, Metric, Point, Reading, Unit, Where, Window, register
from monitoring.metrics import common
from monitoring.requests import MINUTES_KEPT
from monitoring.requests.queries import Figures, add_up, added_sql
from monitoring.requests.series import series, stepped
from monitoring.requests.tiers import ALL, DAY, HISTOGRAM, HOUR, MINUTE, SUMS, SUMS_ONLY, Segment, source
from monitoring.windows import ceil, floor


@dataclass(frozen=True)
class _Figure:
    """How a figure is taken from what was counted, with so many decimals."""

    of: Callable[[Figures], float | None]
    places: int = 2


_FIGURES = {
    "response_time_ms": _Figure(lambda one: one.mean_ms),
    "response_time_p50_ms": _Figure(lambda one: one.p50_ms),
    "response_time_p95_ms": _Figure(lambda one: one.p95_ms),
    "response_time_p99_ms": _Figure(lambda one: one.p99_ms),
    "requests_per_s": _Figure(lambda one: one.per_s, 4),
    "error_rate_pct": _Figure(lambda one: one.error_pct, 3),
    "errors_4xx_pct": _Figure(lambda one: one.refused_pct, 3),
}
_PERCENTILES = {"response_time_p50_ms", "response_time_p95_ms", "response_time_p99_ms"}


def _figures(segments: Sequence[Segment], names: Sequence[str], key: str, before: Sequence[Any]) -> dict[Any, Figures]:
    """What was counted by this key; without their histograms, which are most of a row, when no percentile is
    asked for. One query."""
    if _PERCENTILES & set(names):
        rows, parameters = source(segments, ALL, HISTOGRAM)
        sql = added_sql(rows, key)
    else:
        rows, parameters = source(segments, ALL, SUMS_ONLY)
        sql = f"SELECT {key} AS key, true, {SUMS}, ''::bytea, ''::bytea FROM ({rows}) AS row GROUP BY key"  # noqa: S608
    added = add_up(sql, [*before, *parameters])
    return dict(zip(added.keys, added.figures(common.WINDOW.total_seconds()), strict=True))


def read_requests(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Of the requests of the last 60 minutes, in one query."""
    start, end = floor(as_of - common.WINDOW, MINUTE) + MINUTE, floor(as_of, MINUTE) + MINUTE
    segments: list[Segment] = [Segment(MINUTE, start, end), Segment(MINUTE, start, end, tail=True)]
    if as_of < dt.datetime.now(dt.UTC) - MINUTES_KEPT:
        # The minutes are gone: the hours that have those 60 minutes.
        first, last = floor(as_of - common.WINDOW, HOUR), ceil(as_of, HOUR)
        segments = [Segment(HOUR, first, last), Segment(MINUTE, first, last, tail=True)]
    found = _figures(segments, names, "true", []).get(True)
    if found is None:
        return dict.fromkeys(names, Reading.unknown(as_of, _("no request in these 60 minutes")))
    note = _("of %(count)s requests") % {"count": found.count}
    parts = {"requests": found.count, "errors": found.errors, "refused": found.refused}
    return {name: Reading(_decimal(name, found), as_of, note=note, parts=parts) for name in names}


def _decimal(name: str, found: Figures) -> Decimal | None:
    figure = _FIGURES[name]
    return common.decimal(figure.of(found), figure.places)


def request_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own mean, share or percentile from the sums of its hours: never a mean of means."""
    start, end = (
        at
        for (at,) in common.rows(
            "SELECT %s::timestamp AT TIME ZONE %s UNION ALL SELECT %s::timestamp AT TIME ZONE %s",
            common.bounds(where, first, last),
        )
    )
    tail = max(start, dt.datetime.now(dt.UTC) - MINUTES_KEPT)
    segments = [Segment(HOUR, floor(start, HOUR), end)]
    if tail < end:
        segments.append(Segment(MINUTE, tail, end, tail=True))
    found = _figures(segments, [name], "(at AT TIME ZONE %s)::date", [where.zone])
    if name == "requests_per_s":
        return common.days(first, last, ((day, one.count / DAY.total_seconds()) for day, one in found.items()), 4)
    return common.days(
        first, last, ((day, _FIGURES[name].of(one)) for day, one in found.items()), _FIGURES[name].places
    )


def request_lines(names: Sequence[str], window: Window) -> dict[str, Lines]:
    """`Metric.lines`: each step's own figure. What was counted has no samples, so that an aggregate changes
    nothing; a host or label has no line."""
    steps = stepped(window.start, window.end, window.step, window.now)
    if window.host or window.labels:
        return {name: Lines(steps.first, steps.step, steps.count, (), "minute") for name in names}
    found = series(ALL, steps, window.now)
    lines = {}
    for name in names:
        of = _FIGURES[name].of
        values = tuple(None if one is None else of(one) for one in found.figures)
        lines[name] = Lines(steps.first, steps.step, steps.count, (Line({}, values),), _grain(steps.step))
    return lines


def _grain(step: dt.timedelta) -> str:
    return "minute" if step % HOUR else "hour" if step % DAY else "day"


def _metric(
    name: str, unit: Unit, kind: Kind, label: Any, formula: Any, *, better: bool | None, decimals: int
) -> Metric:
    return Metric(
        name,
        unit,
        kind,
        label,
        formula,
        read_requests,
        request_series,
        higher_is_better=better,
        per_agency=False,
        decimals=decimals,
        lines=request_lines,
    )


def _percentile(number: int) -> Metric:
    return _metric(
        f"response_time_p{number}_ms",
        Unit.MILLISECONDS,
        Kind.GAUGE,
        {
            50: gettext_lazy("Response time, p50"),
            95: gettext_lazy("Response time, p95"),
            99: gettext_lazy("Response time, p99"),
        }[number],
        {
            50: gettext_lazy("Half of the answers of the last 60 minutes took no longer, within 4.5 %."),
            95: gettext_lazy("95 of 100 answers of the last 60 minutes took no longer, within 4.5 %."),
            99: gettext_lazy("99 of 100 answers of the last 60 minutes took no longer, within 4.5 %."),
        }[number],
        better=False,
        decimals=0,
    )


register(
    _metric(
        "response_time_ms",
        Unit.MILLISECONDS,
        Kind.RATIO,
        gettext_lazy("Response time"),
        gettext_lazy(
            "Mean time to answer a page or API call in the last 60 minutes, as the server measures it. Static "
            "files and health probes do not count."
        ),
        better=False,
        decimals=0,
    ),
    *(_percentile(number) for number in (50, 95, 99)),
    _metric(
        "requests_per_s",
        Unit.PER_SECOND,
        Kind.RATIO,
        gettext_lazy("Requests per second"),
        gettext_lazy("Answers in the last 60 minutes ÷ 3,600. Static files and health probes do not count."),
        better=None,
        decimals=2,
    ),
    _metric(
        "error_rate_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Error rate"),
        gettext_lazy(
            "Answers with a status of 500 or above ÷ all answers, last 60 minutes. Static files and health "
            "probes do not count."
        ),
        better=False,
        decimals=2,
    ),
    _metric(
        "errors_4xx_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Refused requests"),
        gettext_lazy("Answers with a status from 400 to 499 ÷ all answers, last 60 minutes."),
        better=False,
        decimals=2,
    ),
)
