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
from monitoring import health
from monitoring.health import Check, Outcome, Report, Status, report_of, uptime
from monitoring.health.heartbeat import Heartbeat, heartbeat
from monitoring.health.uptime import Beat, Share
from monitoring.metrics import common
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
    """A check with the worst of each of the last 60 minutes (None: not observed), and its uptime over 24 hours,
    7, 30 and 90 days in %."""

    check: Check
    beats: tuple[Beat, ...]
    uptimes: tuple[Decimal | None, ...]

    @property
    def asked(self) -> bool:
        return self.check.status is not Status.NOT_CONFIGURED


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
    heartbeat: Heartbeat


def overview(viewer: Viewer, now: dt.datetime) -> Overview:
    """Everything on the page, as of `now`. Raises Denied. Eight queries."""
    viewer.require(Area.MONITORING)
    report = health.kept(now) or _unknown()
    where = Where(None, viewer.zone)
    return Overview(
        report,
        tuple(_check_rows(report, now)),
        registry.read(FIGURES, where, now),
        _lines(now),
        tuple(routes(now)),
        heartbeat(now),
    )


def _unknown() -> Report:
    report = report_of([Outcome(name, Status.UNKNOWN) for name in health.ESSENTIAL], {})
    return Report(Status.UNKNOWN, report.checks)


def _check_rows(report: Report, now: dt.datetime) -> list[CheckRow]:
    everything = Check(health.ALL, report.status, None, report.checks[0].checked_at, "")
    lines = (everything, *report.checks)
    beats = uptime.beats(now - BEATS * BEAT, now, BEATS)
    shares = uptime.uptimes([one.name for one in lines], now)
    return [
        CheckRow(
            one,
            beats.get(one.name, (None,) * BEATS),
            tuple(_percent(shares.get((one.name, label))) for label in uptime.WINDOWS),
        )
        for one in lines
    ]


def _percent(share: Share | None) -> Decimal | None:
    return share.percent if share else None


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
