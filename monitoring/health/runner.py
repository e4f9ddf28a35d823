"""Runs checks in parallel, and never waits longer than a check may take.

Every check runs in a thread of its own with its own connection, so that a dependency that hangs delays its
own result only. A check that is still hanging from the last round is not started again: it has failed again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from typing import Final

from core.logs import scrub
from monitoring.health import essential, outside
from monitoring.health.outcomes import Finding, Outcome, Status
from monitoring.health.outside import Ask

TIMEOUT_S = 5.0
SLOW_MS = 1000.0
"""A dependency of our own that answers later than this is degraded."""

_ESSENTIAL: Final[Mapping[str, Ask]] = {
    "database": essential.database,
    "redis": essential.redis_server,
    "api": essential.api,
}


def configured() -> dict[str, Ask]:
    """Every check that can be made here."""
    return {**_ESSENTIAL, **outside.configured()}


class _Running:
    """One check under way: its thread may outlive the round when the dependency hangs."""

    def __init__(self, name: str, ask: Ask, timeout: float) -> None:
        self.started = time.monotonic()
        self.outcome: Outcome | None = None
        self._name, self._ask, self._timeout = name, ask, timeout
        self.thread = threading.Thread(target=self._run, name=f"fvdash-check-{name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._ask(self._timeout)
        except Finding as found:
            answered = None if found.reason in ("timeout", "unreachable") else self._ms()
            self.outcome = Outcome(self._name, found.status, answered, found.detail, found.reason)
        except Exception as error:  # noqa: BLE001  (any way to fail is the finding)
            detail = scrub(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
            self.outcome = Outcome(self._name, Status.DOWN, None, detail)
        else:
            ms = self._ms()
            slow = ms > (SLOW_MS if self._name in _ESSENTIAL else outside.SLOW_MS)
            status = Status.DEGRADED if slow else Status.OK
            self.outcome = Outcome(self._name, status, ms, reason="slow" if slow else "")

    def _ms(self) -> float:
        return round((time.monotonic() - self.started) * 1000, 2)


class Runner:
    """Runs checks in parallel; one round at a time in this process."""

    def __init__(self, asks: Mapping[str, Ask] | None = None, timeout: float = TIMEOUT_S) -> None:
        self._asks, self._timeout = asks, timeout
        self._round = threading.Lock()
        self._hanging: dict[str, _Running] = {}

    def run_twice(self) -> list[Outcome]:
        """A round for a caller who cannot wait for the next one: what failed is asked once more at once.
        Takes `timeout` and a little at most."""
        started = time.monotonic()
        first = self.run()
        failed = [one.name for one in first if one.status is Status.DOWN]
        if not failed:
            return first
        again = {one.name: one for one in self.run(failed, max(0.5, started + self._timeout - time.monotonic()))}
        return [again.get(one.name, one) for one in first]

    def run(self, only: Collection[str] | None = None, seconds: float | None = None) -> list[Outcome]:
        """One round, of the checks in `only` when given; as long as the slowest takes, `seconds` at most."""
        with self._round:
            asks = configured() if self._asks is None else self._asks
            running = {name: self._start(name, ask) for name, ask in asks.items() if only is None or name in only}
            deadline = time.monotonic() + (self._timeout if seconds is None else seconds)
            return [self._wait(name, one, deadline) for name, one in running.items()]

    def _start(self, name: str, ask: Ask) -> _Running | None:
        before = self._hanging.get(name)
        if before is not None and before.thread.is_alive():
            return None
        self._hanging[name] = _Running(name, ask, self._timeout)
        return self._hanging[name]

    def _wait(self, name: str, one: _Running | None, deadline: float) -> Outcome:
        if one is None:
            since = time.monotonic() - self._hanging[name].started
            return Outcome(name, Status.DOWN, None, f"no answer for {since:.0f} s", "timeout")
        one.thread.join(max(0.0, deadline - time.monotonic()))
        if one.outcome is None:
            return Outcome(name, Status.DOWN, None, f"no answer within {self._timeout:.0f} s", "timeout")
        return one.outcome


runner = Runner()
