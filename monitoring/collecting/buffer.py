"""Rounds of samples that wait for the database."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from monitoring.store import Sampled

KEPT: Final = dt.timedelta(hours=1)
# An hour of every source, however many there are: some 20 MB.
MOST_ROUNDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Round:
    """Samples of one source at one time; `host` "" for what belongs to no host."""

    host: str
    at: dt.datetime
    samples: tuple[Sampled, ...]
    source: str


class Buffer:
    """First in, first out. When it is full, and after an hour, the oldest goes: what is newer is worth more."""

    def __init__(self, kept: dt.timedelta = KEPT, most: int = MOST_ROUNDS) -> None:
        self._kept, self._lock = kept, threading.Lock()
        self._rounds: deque[Round] = deque(maxlen=most)

    def add(self, taken: Round) -> None:
        if not taken.samples:
            return
        with self._lock:
            self._rounds.append(taken)
            while self._rounds[0].at < taken.at - self._kept:
                self._rounds.popleft()

    def first(self) -> Round | None:
        with self._lock:
            return self._rounds[0] if self._rounds else None

    def done(self, taken: Round) -> None:
        """Takes out what was written; it may have been dropped meanwhile."""
        with self._lock:
            if self._rounds and self._rounds[0] is taken:
                self._rounds.popleft()

    def set_aside(self, taken: Round) -> None:
        """Lets the others go first."""
        with self._lock:
            if self._rounds and self._rounds[0] is taken:
                self._rounds.rotate(-1)

    def __len__(self) -> int:
        return len(self._rounds)
