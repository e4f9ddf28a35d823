"""What /api/system/health answers: the newest results, also while the database is what fails."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.utils import timezone, translation
from redis.exceptions import RedisError

from cache.client import redis_client
from monitoring.health import outside
from monitoring.health.history import keep, newest
from monitoring.health.outcomes import ESSENTIAL, OUTSIDE, REASONS, Outcome, Status, overall
from monitoring.health.runner import runner

logger = logging.getLogger(__name__)

# How long a caller of the health endpoint waits for kept results before the checks are made on the spot.
READ_S = 2.0
# A round that could not be kept is answered again for so long, so that a flood of callers is not a flood of checks.
REUSED_S = 5.0


@dataclass(frozen=True)
class Check:
    """One line of the health report; `reason` is a key of `REASONS` or nothing."""

    name: str
    status: Status
    latency_ms: float | None
    checked_at: dt.datetime | None
    detail: str
    reason: str = ""
    failing_once: bool = False

    def words(self) -> str:
        """All that is wrong, in the language of the moment."""
        once = translation.gettext("failing once") if self.failing_once else ""
        parts = [once, str(REASONS[self.reason]) if self.reason in REASONS else "", self.detail]
        return ": ".join(part for part in parts if part)


@dataclass(frozen=True)
class Report:
    status: Status
    checks: tuple[Check, ...]

    @property
    def answers(self) -> bool:
        """Whether callers are served: ok and degraded."""
        return self.status is not Status.DOWN

    def as_json(self, *, detail: bool) -> dict[str, Any]:
        """The contract's form; `detail`, in English, only for callers who are signed in."""
        with translation.override("en"):
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
                        "detail": (one.words() or None) if detail else None,
                    }
                    for one in self.checks
                ],
            }


def report_of(outcomes: Sequence[Outcome], times: Mapping[str, dt.datetime]) -> Report:
    """Essential checks as found, then the services outside: as found, not asked yet, or not configured."""
    found = {one.name: one for one in outcomes}
    asked = outside.configured()
    for name in OUTSIDE:
        if name not in asked:
            found[name] = Outcome(name, Status.NOT_CONFIGURED)
        elif name not in found:
            found[name] = Outcome(name, Status.UNKNOWN)
    everything = [found[name] for name in (*ESSENTIAL, *OUTSIDE) if name in found]
    lines = (
        Check(
            one.name,
            one.status,
            one.latency_ms,
            times.get(one.name) if one.status is not Status.NOT_CONFIGURED else None,
            one.detail,
            one.reason,
            one.failing_once,
        )
        for one in everything
    )
    return Report(overall(everything), tuple(lines))


def kept(now: dt.datetime) -> Report | None:
    """The newest fresh results; None when an essential check has none."""
    found = newest(now)
    if not set(ESSENTIAL) <= set(found):
        return None
    return report_of([one for _at, one in found.values()], {name: at for name, (at, _one) in found.items()})


class Reader:
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


reader = Reader()


class OnTheSpot:
    """Rounds made for callers: one at a time, and one answer for those who come together.

    There is no next round to wait for, so what fails is asked twice at once and is then down.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[float, Report] | None = None

    def report(self) -> Report:
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > REUSED_S:
                at = timezone.now()
                outcomes = [_confirmed(one, at) for one in runner.run_twice()]
                if not _is_down("database", outcomes):
                    # Bounded too: the database may have gone since it was asked.
                    reader.read(lambda: keep(outcomes, at))
                self._last = (time.monotonic(), report_of(outcomes, {one.name: at for one in outcomes}))
            return self._last[1]

    def forget(self) -> None:
        self._last = None


def _confirmed(one: Outcome, at: dt.datetime) -> Outcome:
    return replace(one, failures=2, since=at) if one.status is Status.DOWN else one


def _is_down(name: str, outcomes: Sequence[Outcome]) -> bool:
    return any(one.name == name and one.status is Status.DOWN for one in outcomes)


on_the_spot = OnTheSpot()


def current(now: dt.datetime | None = None) -> Report:
    """The kept results while they are fresh, else a round made now. Never raises for a dependency."""
    at = now or timezone.now()
    report = reader.read(lambda: kept(at))
    # Reading proved that the database answers. Redis may have gone since the last round; to ask it costs little.
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
