"""Requests and tasks counted in the memory of a process."""

from __future__ import annotations

import threading
from time import time

from monitoring.requests.histogram import slot

# More distinct rows than routes x statuses of many minutes: only a database that is long gone gets here.
MOST_ROWS = 20_000
REQUEST, TASK = "request", "task"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
OUTCOMES = {"success": 200, "retry": 302, "revoked": 410, "failure": 500}
"""How the ends of a task are kept, so that errors are 500 and above for both. A retry is no failure yet."""

type Key = tuple[int, str, str, str, int]
"""Minute of the epoch, kind, method, route, status."""


class Tally:
    """Sum and longest of one key in µs, with the histogram: how many fell into each slot."""

    __slots__ = ("max_us", "slots", "total_us")

    def __init__(self) -> None:
        self.total_us = self.max_us = 0
        self.slots: dict[int, int] = {}

    @property
    def count(self) -> int:
        return sum(self.slots.values())

    def merge(self, other: Tally) -> None:
        self.total_us += other.total_us
        self.max_us = max(self.max_us, other.max_us)
        for number, count in other.slots.items():
            self.slots[number] = self.slots.get(number, 0) + count


class Counted:
    """What this process did since the last `take`. `lost` is how many were not kept for want of room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Key, Tally] = {}
        self.lost = 0

    def count(self, kind: str, route: str, method: str, status: int, ms: float, now: float | None = None) -> None:
        """Counts one. Runs in every request: a microsecond here is a microsecond of all of them."""
        us = int(ms * 1000 + 0.5)
        number = slot(ms)
        key = (int(now or time()) // 60, kind, method, route, status)
        with self._lock:
            tally = self._rows.get(key)
            if tally is None:
                if len(self._rows) >= MOST_ROWS:
                    self.lost += 1
                    return
                tally = self._rows[key] = Tally()
            tally.total_us += us
            if us > tally.max_us:
                tally.max_us = us
            slots = tally.slots
            slots[number] = slots.get(number, 0) + 1

    def take_lost(self) -> int:
        with self._lock:
            lost, self.lost = self.lost, 0
            return lost

    def take(self) -> dict[Key, Tally]:
        with self._lock:
            taken, self._rows = self._rows, {}
            return taken

    def give_back(self, rows: dict[Key, Tally]) -> None:
        """Keeps what could not be written for the next time."""
        with self._lock:
            for key, tally in rows.items():
                if key in self._rows:
                    self._rows[key].merge(tally)
                elif len(self._rows) < MOST_ROWS:
                    self._rows[key] = tally
                else:
                    self.lost += tally.count


class Requests(Counted):
    def add(self, route: str, method: str, status: int, ms: float, now: float | None = None) -> None:
        """Counts one answer by its route pattern; `now` is in seconds of the epoch."""
        self.count(REQUEST, route, method if method in _METHODS else "OTHER", status, ms, now)


class Tasks(Counted):
    def add(self, task: str, outcome: str, ms: float, now: float | None = None) -> None:
        """Counts the end of one task: success, failure, retry or revoked (OUTCOMES); anything else is a
        failure. `ms` is how long it ran."""
        self.count(TASK, task[:200], "", OUTCOMES.get(outcome, 500), ms, now)
