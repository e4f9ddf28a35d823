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
from monitoring import checks, health
from monitoring.health import Check, Report, report_of
from monitoring.metrics import common, uptime
from monitoring.requests import queries as requests
from monitoring.requests import tiers
from monitoring.requests.counting import REQUEST
from monitoring.windows import floor

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
    """The mean of each of the last 60 minutes of each host figure; None where nothing was measured."""
    start = now - POINTS * BEAT
    lines: dict[str, list[float | None]] = {name: [None] * POINTS for name in HOST_FIGURES}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, floor(extract(epoch FROM at - %(start)s) / 60)::int AS slot, avg(value)"
            " FROM monitoring_sample WHERE name = ANY(%(names)s) AND at >= %(start)s AND at < %(now)s"
            " GROUP BY name, slot",
            {"start": start, "now": now, "names": list(HOST_FIGURES)},
        )
        for name, slot, value in cursor.fetchall():
            if 0 <= slot < POINTS:
                lines[name][slot] = value
    return {name: tuple(line) for name, line in lines.items()}


def routes(now: dt.datetime) -> Sequence[RouteRow]:
    """The last hour by route and method, busiest first; percentiles from the merged histograms."""
    start, end = now - common.WINDOW, floor(now, tiers.MINUTE) + tiers.MINUTE
    found = requests.rows(REQUEST, tiers.cover(start, end, None, now))
    return [
        RouteRow(
            row.method,
            row.route,
            row.now.count,
            row.now.errors,
            Decimal(str(row.now.mean_ms)),
            _decimal(row.now.p95_ms),
        )
        for row in found[:MOST_ROUTES]
    ]


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 1)))
