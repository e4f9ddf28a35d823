"""Rounds of health checks: run, kept, and read back, also while the database is what fails."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from cache.client import redis_client
from monitoring import checks
from monitoring.checks import Outcome, Runner, Status, overall

logger = logging.getLogger(__name__)

INTERVAL = dt.timedelta(seconds=30)
FRESH = 3 * INTERVAL
# How long a caller of the health endpoint waits for kept results before the checks are made on the spot.
READ_S = 2.0
# A round that could not be kept is answered again for so long, so that a flood of callers is not a flood of checks.
REUSED_S = 5.0
ALL = ""
"""The name under which the spans of all checks together are kept."""


@dataclass(frozen=True)
class Check:
    """One line of the health report."""

    name: str
    status: Status
    latency_ms: float | None
    checked_at: dt.datetime | None
    detail: str


@dataclass(frozen=True)
class Report:
    status: Status
    checks: tuple[Check, ...]

    @property
    def answers(self) -> bool:
        """Whether callers are served: ok and degraded."""
        return self.status is not Status.DOWN

    def as_json(self, *, detail: bool) -> dict[str, Any]:
        """The contract's form; `detail` only for callers who are signed in."""
        return {
            "status": self.status.value,
            "checks": [
                {
                    "name": one.name,
                    "status": one.status.value,
                    "latency_ms": one.latency_ms,
                    "checked_at": one.checked_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
                    if one.checked_at
                    else None,
                    "detail": (one.detail or None) if detail else None,
                }
                for one in self.checks
            ],
        }


def report_of(outcomes: list[Outcome], at: dt.datetime | None) -> Report:
    """Essential checks as found, then the services outside as configured."""
    everything = [*outcomes, *checks.outside()]
    lines = [
        Check(one.name, one.status, one.latency_ms, at if one.name in checks.ESSENTIAL else None, one.detail)
        for one in everything
    ]
    return Report(overall(everything), tuple(lines))


runner = Runner()


def run_round(now: dt.datetime | None = None) -> Report:
    """Makes one round and keeps it; raises what the database raises when it cannot be kept."""
    at = now or timezone.now()
    outcomes = runner.run()
    if not _is_down("database", outcomes):
        keep(outcomes, at)
    return report_of(outcomes, at)


def _is_down(name: str, outcomes: list[Outcome]) -> bool:
    return any(one.name == name and one.status is Status.DOWN for one in outcomes)


def keep(outcomes: list[Outcome], at: dt.datetime) -> None:
    """Writes the results of a round, and lengthens or begins the span of each check."""
    from monitoring.models import CheckResult

    whole = overall([*outcomes, *checks.outside()])
    with transaction.atomic(), connection.cursor() as cursor:
        # Two workers with a round each: one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitoring.health'))")
        CheckResult.objects.bulk_create(
            CheckResult(at=at, name=one.name, status=one.status.value, latency_ms=one.latency_ms, detail=one.detail)
            for one in outcomes
        )
        _extend(ALL, whole, at)
        for one in outcomes:
            _extend(one.name, one.status, at)


def _extend(name: str, status: Status, at: dt.datetime) -> None:
    from monitoring.models import Span

    last = Span.objects.filter(name=name).order_by("-until").first()
    if last is not None and last.until >= at:
        if at < last.since:
            return
        if last.status == status:
            Span.objects.filter(pk=last.pk).update(until=max(last.until, at + FRESH))
            return
        if at == last.since:
            last.delete()
        else:
            Span.objects.filter(pk=last.pk).update(until=at)
    Span.objects.create(name=name, status=status.value, since=at, until=at + FRESH)


def kept(now: dt.datetime) -> Report | None:
    """The newest fresh results; None when an essential check has none."""
    from monitoring.models import CheckResult

    rows = {
        row.name: row
        for row in CheckResult.objects.filter(name__in=list(checks.ESSENTIAL), at__gt=now - FRESH, at__lte=now)
        .order_by("name", "-at")
        .distinct("name")
    }
    if set(rows) != set(checks.ESSENTIAL):
        return None
    outcomes = [
        Outcome(name, Status(rows[name].status), rows[name].latency_ms, rows[name].detail) for name in checks.ESSENTIAL
    ]
    return report_of(outcomes, min(row.at for row in rows.values()))


class _Reader:
    """Reads from the database in a thread, so that one that hangs costs a caller READ_S at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hanging: threading.Thread | None = None

    def read[T](self, ask: Callable[[], T]) -> T | None:
        """What `ask` returns; None when it fails or takes too long, or when the read before still hangs."""
        found: list[T] = []

        def run() -> None:
            try:
                found.append(ask())
            except Exception as error:  # noqa: BLE001  (without an answer the checks say what is wrong)
                logger.warning("kept health results could not be read", extra={"error": str(error)})
            finally:
                connections.close_all()

        with self._lock:
            if self._hanging is not None and self._hanging.is_alive():
                return None
            thread = threading.Thread(target=run, name="fvdash-health-read", daemon=True)
            thread.start()
        thread.join(READ_S)
        if thread.is_alive():
            self._hanging = thread
        return found[0] if found else None


reader = _Reader()


class _OnTheSpot:
    """Rounds made for callers: one at a time, and one answer for those who come together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[float, Report] | None = None

    def report(self) -> Report:
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > REUSED_S:
                at, outcomes = timezone.now(), runner.run()
                if not _is_down("database", outcomes):
                    # Bounded too: the database may have gone since it was asked.
                    reader.read(lambda: keep(outcomes, at))
                self._last = (time.monotonic(), report_of(outcomes, at))
            return self._last[1]

    def forget(self) -> None:
        self._last = None


on_the_spot = _OnTheSpot()


def current(now: dt.datetime | None = None) -> Report:
    """The kept results while they are fresh, else a round made now. Never raises for a dependency."""
    at = now or timezone.now()
    report = reader.read(lambda: kept(at))
    # Reading proved that the database answers. Without Redis no new round is made either, so that the last
    # one would say "ok" until it is stale.
    if report is None or _is_over(report, at) or (report.answers and not _redis_answers()):
        return on_the_spot.report()
    return report


def _is_over(report: Report, now: dt.datetime) -> bool:
    """Whether a bad result is old enough to ask again: what came back must not stay down until the next round."""
    times = [one.checked_at for one in report.checks if one.checked_at is not None]
    return not report.answers and now - max(times) > dt.timedelta(seconds=REUSED_S)


def _redis_answers() -> bool:
    try:
        return bool(redis_client().ping())
    except RedisError:
        return False
