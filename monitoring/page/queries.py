"""Everything on /monitoring, for those who may see the area."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.db import Error as DatabaseError
from django.db import connection

from core.metrics import Line, Lines
from core.people.access import Area, Viewer
from monitoring import health
from monitoring.health import Check, Outcome, Report, Status, report_of, uptime
from monitoring.health.heartbeat import Heartbeat, heartbeat
from monitoring.health.uptime import Beat
from monitoring.page import facts as small
from monitoring.page.facts import Facts
from monitoring.page.traffic import Traffic, traffic
from monitoring.store import reading
from monitoring.store.reading import Newest, Survey
from monitoring.windows import Window

logger = logging.getLogger(__name__)

BEATS: Final = 60
# Lines of the page have so many points at least where samples are that dense: they are small.
POINTS: Final = 72
FINEST: Final = dt.timedelta(seconds=10)

BUSINESS = (
    "business.active_users_5m",
    "business.operations_per_min",
    "business.revenue_per_min",
    "business.conversion_today_pct",
)
HOST = (
    "cpu_pct", "cpu.core_pct", "cpu.mode_pct", "load.1m", "load.5m", "load.15m",
    "memory_pct", "memory.used_bytes", "memory.total_bytes",
    "swap.used_pct", "swap.used_bytes", "swap.total_bytes",
)  # fmt: skip
DISKS = (
    "disk.used_pct", "disk.free_bytes", "disk.total_bytes", "disk.read_bytes", "disk.write_bytes",
    "disk.read_latency_ms", "disk.write_latency_ms", "disk.busy_pct",
)  # fmt: skip
NETWORK = (
    "network.bytes_in", "network.bytes_out", "network.errors_in", "network.errors_out",
    "network.drops_in", "network.drops_out",
)  # fmt: skip
DATABASE = (
    "database.latency_ms", "database.connections", "database.connections_max", "database.connections_used_pct",
    "database.cache_hit_pct", "database.size_bytes", "database.deadlocks", "database.transactions",
    "database.oldest_transaction_s", "database.waiting_locks",
)  # fmt: skip
REDIS = (
    "redis.latency_ms", "redis.memory_bytes", "redis.memory_max_bytes", "redis.clients", "redis.hits",
    "redis.misses", "redis.evictions", "redis.commands",
)  # fmt: skip
QUEUE = ("queue.depth", "queue.age_s", "queue.workers")
METRICS: Final = (*BUSINESS, *HOST, *DISKS, *NETWORK, *DATABASE, *REDIS, *QUEUE)


@dataclass(frozen=True)
class CheckRow:
    """A check with its beats over the window and its uptime over 24 hours, 7, 30 and 90 days in %."""

    check: Check
    beats: tuple[Beat, ...]
    uptimes: tuple[Decimal | None, ...]

    @property
    def asked(self) -> bool:
        return self.check.status is not Status.NOT_CONFIGURED


@dataclass(frozen=True)
class Checks:
    """The round of now with what the window shows. `known`: a fresh round is there."""

    report: Report
    rows: tuple[CheckRow, ...]
    heartbeat: Heartbeat


@dataclass(frozen=True)
class Measured:
    """Lines of all metrics over the window, and their newest samples."""

    survey: Survey
    now: dt.datetime
    newest: Mapping[str, tuple[Newest, ...]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Newest]] = {}
        for one in self.survey.newest:
            found.setdefault(one.metric, []).append(one)
        object.__setattr__(self, "newest", {metric: tuple(every) for metric, every in found.items()})

    def lines(self, metric: str) -> tuple[Line, ...]:
        return self.survey.lines[metric].lines

    def value(self, metric: str, **labels: str) -> Newest | None:
        """The newest sample of the series with these labels; None when the last 15 minutes have none."""
        for one in self.newest.get(metric, ()):
            if all((one.host if name == "host" else one.labels.get(name)) == value for name, value in labels.items()):
                return one
        return None

    @property
    def grid(self) -> Lines:
        return self.survey.lines["cpu_pct"]

    @property
    def seen(self) -> dict[str, dt.datetime]:
        """When each host's newest sample was taken."""
        found: dict[str, dt.datetime] = {}
        for one in self.survey.newest:
            if one.host and one.at > found.get(one.host, one.at - FINEST):
                found[one.host] = one.at
        return found


@dataclass(frozen=True)
class Overview:
    """All of the page. A part is None when reading it failed; the others stand. `live`: the window ends now."""

    window: Window
    host: str | None
    now: dt.datetime
    checks: Checks | None
    measured: Measured | None
    facts: Facts | None
    traffic: Traffic | None

    @property
    def live(self) -> bool:
        return bool(self.window.preset)

    @property
    def failed(self) -> bool:
        return None in (self.checks, self.measured, self.facts, self.traffic)


def overview(viewer: Viewer, window: Window, host: str | None, now: dt.datetime) -> Overview:
    """Raises Denied, and what the database raises when it is away. Seven queries, eight with a heartbeat."""
    viewer.require(Area.MONITORING)
    steps = window.steps(max(FINEST, window.length / POINTS))
    found = _part("facts", lambda: small.facts(window.start, window.end, host, now))
    return Overview(
        window,
        host,
        now,
        _part("checks", lambda: _checks(window, now)),
        _part(
            "samples",
            lambda: Measured(reading.survey(METRICS, window.start, window.end, steps.step, now=now, host=host), now),
        ),
        found,
        _part("requests", lambda: traffic(window.start, window.end, found.rolled if found else None, now)),
    )


def _part[T](name: str, read: Callable[[], T]) -> T | None:
    """What `read` returns; None, logged, when it fails for a reason of its own."""
    try:
        return read()
    except DatabaseError:
        # Without a database there is no page, and the error page says so. A statement that fails is a part.
        if connection.in_atomic_block or not connection.is_usable():
            raise
        logger.exception("monitoring page: %s cannot be read", name)
    except Exception:
        logger.exception("monitoring page: %s cannot be read", name)
    return None


def unknown() -> Report:
    """What is known before the first round, or when none is fresh."""
    report = report_of([Outcome(name, Status.UNKNOWN) for name in health.ESSENTIAL], {})
    return Report(Status.UNKNOWN, report.checks)


def _checks(window: Window, now: dt.datetime) -> Checks:
    report = health.kept(now) or unknown()
    beats = uptime.beats(window.start, window.end, BEATS)
    shares = uptime.uptimes([one.name for one in report.checks], now)
    rows = tuple(
        CheckRow(
            one,
            beats.get(one.name, (None,) * BEATS),
            tuple(share.percent if (share := shares.get((one.name, label))) else None for label in uptime.WINDOWS),
        )
        for one in report.checks
    )
    return Checks(report, rows, heartbeat(now))
