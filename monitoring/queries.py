"""What the monitoring page shows; for those who may see the area."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from core import metrics as registry
from core.metrics import Reading, Where
from core.people.access import Area, Viewer
from monitoring import checks, health, histogram
from monitoring.health import Check, Report, report_of
from monitoring.metrics import common, uptime
from monitoring.store import reading

BEATS = 60
BEAT = dt.timedelta(minutes=1)
POINTS = 60
HOST_FIGURES = ("cpu_pct", "memory_pct", "db_connections")
# The cache's figure has a page of its own; uptime is in the table of checks.
OTHER_FIGURES = ("response_time_ms", "error_rate_pct")
FIGURES = (*HOST_FIGURES, *OTHER_FIGURES)
MOST_ROUTES = 100


@dataclass(frozen=True)
class CheckRow:
    """A check with the worst of each of the last 60 minutes (None: not observed), and its uptime in %."""

    check: Check
    beats: tuple[str | None, ...]
    uptime_day: Decimal | None
    uptime_month: Decimal | None

    @property
    def asked(self) -> bool:
        return self.check.name == health.ALL or self.check.name in checks.ESSENTIAL


@dataclass(frozen=True)
class RouteRow:
    """Requests of one route and method in the last hour; durations in ms."""

    method: str
    route: str
    count: int
    errors: int
    mean_ms: Decimal
    p95_ms: Decimal | None

    @property
    def error_pct(self) -> Decimal:
        return Decimal(100 * self.errors) / self.count


@dataclass(frozen=True)
class Overview:
    report: Report
    checks: tuple[CheckRow, ...]
    figures: dict[str, Reading]
    lines: dict[str, tuple[float | None, ...]]
    routes: tuple[RouteRow, ...]


def overview(viewer: Viewer, now: dt.datetime) -> Overview:
    """Everything on the page, as of `now`. Raises Denied. Seven queries."""
    viewer.require(Area.MONITORING)
    report = health.kept(now) or _unknown()
    where = Where(None, viewer.zone)
    return Overview(
        report,
        tuple(_check_rows(report, now)),
        registry.read(FIGURES, where, now),
        _lines(now),
        tuple(routes(now)),
    )


def _unknown() -> Report:
    outcomes = [checks.Outcome(name, checks.Status.UNKNOWN) for name in checks.ESSENTIAL]
    report = report_of(outcomes, None)
    return Report(checks.Status.UNKNOWN, report.checks)


def _check_rows(report: Report, now: dt.datetime) -> list[CheckRow]:
    beats = _beats(now)
    up, nothing = _uptimes(now), (None, None)
    everything = Check(health.ALL, report.status, None, report.checks[0].checked_at, "")
    return [
        CheckRow(one, beats.get(one.name, (None,) * BEATS), *up.get(one.name, nothing))
        for one in (everything, *report.checks)
    ]


def _beats(now: dt.datetime) -> dict[str, tuple[str | None, ...]]:
    """The worst status of each minute that a span touches, oldest first."""
    start = now - BEATS * BEAT
    rank = {"ok": 0, "degraded": 1, "down": 2}
    found: dict[str, list[str | None]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, status, greatest(since, %(start)s), least(until, %(now)s) FROM monitoring_span"
            " WHERE since < %(now)s AND until > %(start)s",
            {"start": start, "now": now},
        )
        for name, status, since, until in cursor.fetchall():
            line = found.setdefault(name, [None] * BEATS)
            first = int((since - start) / BEAT)
            last = min(BEATS - 1, int((until - start - dt.timedelta(microseconds=1)) / BEAT))
            for index in range(first, last + 1):
                if status in rank and rank[status] >= rank.get(line[index] or "", -1):
                    line[index] = status
    return {name: tuple(line) for name, line in found.items()}


def _uptimes(now: dt.datetime) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    """Each check's share of time in ok or degraded over a day and over 30, of all time since its first span."""
    share = (
        "100 * coalesce(sum(extract(epoch FROM least(until, %(now)s) - greatest(since, %({0})s)))"
        "   FILTER (WHERE status = ANY(%(up)s) AND until > %({0})s), 0)"
        "   / extract(epoch FROM %(now)s - greatest(%({0})s, first.at))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT span.name, {share.format('day')}, {share.format('month')}"  # noqa: S608
            " FROM monitoring_span AS span"
            " JOIN (SELECT name, min(since) AS at FROM monitoring_span GROUP BY name) AS first"
            "   ON first.name = span.name AND first.at < %(now)s"
            " WHERE since < %(now)s AND until > %(month)s GROUP BY span.name, first.at",
            {
                "now": now,
                "day": now - dt.timedelta(hours=24),
                "month": now - uptime.UPTIME_WINDOW,
                "up": list(uptime.UP),
            },
        )
        thousandth = Decimal("0.001")
        return {
            name: (Decimal(day).quantize(thousandth), Decimal(month).quantize(thousandth))
            for name, day, month in cursor.fetchall()
        }


def _lines(now: dt.datetime) -> dict[str, tuple[float | None, ...]]:
    """The mean over all hosts of each of the last 60 minutes of each host figure; None where nothing was
    measured."""
    found = reading.lines(HOST_FIGURES, now - (POINTS - 1) * BEAT, now, BEAT, now=now)
    return {
        name: tuple(map(_mean, zip(*(one.values for one in lines.lines), strict=True))) or (None,) * POINTS
        for name, lines in found.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def routes(now: dt.datetime) -> Sequence[RouteRow]:
    """The last hour by route and method, busiest first; percentiles from the merged histograms."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH hour AS (SELECT * FROM monitoring_requestminute WHERE minute > %s AND minute <= %s),"
            " sums AS (SELECT route, method, sum(count) AS count, sum(total_ms) AS total_ms, max(max_ms) AS max_ms,"
            "          coalesce(sum(count) FILTER (WHERE status >= 500), 0) AS errors"
            "          FROM hour GROUP BY route, method),"
            " parts AS (SELECT route, method, place, sum(n) AS n FROM hour,"
            "           unnest(buckets) WITH ORDINALITY AS bucket (n, place) GROUP BY route, method, place),"
            " merged AS (SELECT route, method, array_agg(n::int ORDER BY place) AS buckets"
            "            FROM parts GROUP BY route, method)"
            " SELECT route, method, count, total_ms, max_ms, errors, buckets FROM sums JOIN merged"
            " USING (route, method) ORDER BY count DESC, route, method LIMIT %s",
            [now - common.WINDOW, now, MOST_ROUTES],
        )
        return [
            RouteRow(
                method,
                route,
                int(count),
                int(errors),
                Decimal(str(total_ms)) / int(count),
                _decimal(histogram.quantile(buckets, 0.95, max_ms)),
            )
            for route, method, count, total_ms, max_ms, errors, buckets in cursor.fetchall()
        ]


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 1)))
