"""A circuit per destination: after failures in a row nothing is sent for a while, then one call tries.

The state is this process's own: what one process learns costs another a few calls at most. Opening and closing
are log lines; `circuits.states()` tells what is open.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.http.errors import CircuitOpen

logger = logging.getLogger(__name__)

FAILURES = 5
REST_S = 30.0
LONGEST_REST_S = 300.0


@dataclass(frozen=True)
class Circuit:
    """`until` is when the next call may try, on the circuits' clock; None while calls go through."""

    failures: int = 0
    until: float | None = None
    rest_s: float = REST_S


class Circuits:
    """Closed, open after `FAILURES` in a row, half-open after its rest: one call tries, the others wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[str, Circuit] = {}

    def enter(self, destination: str) -> None:
        """Raises CircuitOpen unless a call may be made now."""
        with self._lock:
            one = self._circuits.get(destination)
            if one is None or one.until is None:
                return
            wait = one.until - self._clock()
            if wait > 0:
                raise CircuitOpen(destination, f"failed {one.failures} times in a row; tried again in {wait:.0f} s")
            # The others wait until this one has come back, or for another rest if it never does.
            self._circuits[destination] = replace(one, until=self._clock() + one.rest_s)

    def leave(self, destination: str, *, well: bool) -> None:
        """Counts the outcome of a call that `enter` let through."""
        with self._lock:
            before = self._circuits.get(destination, Circuit())
            if well:
                self._circuits.pop(destination, None)
                if before.until is not None:
                    logger.warning("circuit closed", extra={"destination": destination})
                return
            failures = before.failures + 1
            if failures < FAILURES:
                self._circuits[destination] = replace(before, failures=failures)
                return
            rest = REST_S if before.until is None else min(before.rest_s * 2, LONGEST_REST_S)
            self._circuits[destination] = Circuit(failures, self._clock() + rest, rest)
            if before.until is None:
                logger.warning("circuit opened", extra={"destination": destination, "failures": failures})

    def states(self) -> dict[str, Circuit]:
        """Destinations whose last call failed."""
        with self._lock:
            return dict(self._circuits)


circuits = Circuits()
