"""The rounds: every thirty seconds on the clock, whatever queue, Redis or database do.

Two threads. One makes rounds and never waits for the database; the other holds the connection and the lock, and
writes what was made. While the database is away rounds wait in memory, a day of them at most, and are written
with their true times when it is back: an outage of the database shows as down and not as "not observed".

Of several hosts the one that holds a session's advisory lock makes the rounds. Who held it when the database
went away goes on; who never heard of another (a start while the database is away) goes on too, and what it made
is written only if it gets the lock then.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from django.db import DataError, Error, connection
from django.utils import timezone

from monitoring.health import history
from monitoring.health.damping import INTERVAL, Damper
from monitoring.health.outcomes import Outcome
from monitoring.health.runner import Runner
from monitoring.health.runner import runner as shared

logger = logging.getLogger(__name__)

WAITING = 2880
"""Rounds kept in memory while the database is away: a day."""
LOCK = "monitoring.health.rounds"
TRY_AGAIN_S = 5.0
STATEMENT_MS = 10_000
# A host that vanished without a word would otherwise be waited for a quarter of an hour (seconds; milliseconds).
PATIENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}


class Part(Enum):
    """What this process is among those that could make the rounds."""

    UNKNOWN = "unknown"
    LEADS = "leads"
    FOLLOWS = "follows"


@dataclass(frozen=True)
class Round:
    at: dt.datetime
    outcomes: tuple[Outcome, ...]


class Keeper:
    """Holds the lock, and writes rounds in their order. Everything but `add` and `part` is for its own thread."""

    def __init__(self, waiting: int = WAITING) -> None:
        self.part = Part.UNKNOWN
        self.restored: Damper | None = None
        self._rounds: deque[Round] = deque(maxlen=waiting)
        self._wake = threading.Event()
        self._holds = False
        self._away = False

    def add(self, made: Round) -> None:
        """The oldest is forgotten when too many wait."""
        self._rounds.append(made)
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, and once more then, so that the last round is not lost."""
        options = {**connection.settings_dict.get("OPTIONS", {}), **PATIENCE}
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}
        while not stop.is_set():
            self._wake.wait(TRY_AGAIN_S)
            self._wake.clear()
            self.step()
        self.step()
        self.close()

    def wake(self) -> None:
        self._wake.set()

    def step(self) -> None:
        """Gets the lock if nobody has it, and writes what waits. Never raises for the database."""
        try:
            if not self._holds:
                self._take_part()
            self._write()
            if not self._rounds:
                self._ask()
        except Error as error:
            if not self._away:
                logger.warning("health rounds wait for the database", extra={"error": str(error)})
            self._away, self._holds = True, False
            self.close()
        else:
            if self._away:
                logger.warning("health rounds are written again")
            self._away = False

    def close(self) -> None:
        with contextlib.suppress(Error):
            connection.close()

    def _take_part(self) -> None:
        held = self.part is Part.LEADS
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(STATEMENT_MS)])
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
            self._holds = bool(cursor.fetchone()[0])
        if self._holds:
            if self.part is not Part.LEADS and not self._rounds:
                self.restored = Damper(history.rows(timezone.now()))
            self.part = Part.LEADS
            return
        # Another has the lock now. What was made while the database was away is the only trace of that time, when
        # this process made it rightly.
        if held:
            self._write()
        self._rounds.clear()
        self.part = Part.FOLLOWS

    def _ask(self) -> None:
        """A connection that was lost, and the lock with it, is noticed without a round to write."""
        if self._holds:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")

    def _write(self) -> None:
        while self._rounds:
            made = self._rounds[0]
            try:
                history.keep(made.outcomes, made.at)
            except DataError:
                logger.exception("a health round cannot be written and is dropped")
            # Not if it was pushed out by newer ones meanwhile.
            if self._rounds and self._rounds[0] is made:
                self._rounds.popleft()


class HealthLoop:
    """Makes the rounds. `clock` and `wait` are the tests' to replace; `wait(stop, seconds)` is true when stopped."""

    def __init__(
        self,
        runner: Runner = shared,
        keeper: Keeper | None = None,
        clock: Callable[[], dt.datetime] = timezone.now,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self.keeper = keeper or Keeper()
        self._runner, self._clock, self._wait = runner, clock, wait
        self._damper = Damper()

    def run(self, stop: threading.Event) -> None:
        """A round at every multiple of INTERVAL, one after the other; a round that took longer than that is
        followed by the next that is due, and what was due meanwhile is not made up for."""
        keeping = threading.Thread(target=self._keep, args=(stop,), name="fvdash-health-keeper", daemon=True)
        keeping.start()
        while not self._wait(stop, self.seconds_to_next()):
            self.round(self._clock())
        self.keeper.wake()
        keeping.join(STATEMENT_MS / 1000)

    def seconds_to_next(self) -> float:
        step = INTERVAL.total_seconds()
        return step - self._clock().timestamp() % step

    def round(self, at: dt.datetime) -> None:
        """One round, unless another process makes them. Never raises: the next one must come."""
        if self.keeper.part is Part.FOLLOWS:
            return
        try:
            restored, self.keeper.restored = self.keeper.restored, None
            self._damper = restored or self._damper
            said = self._damper.say(self._runner.run(), at)
            self.keeper.add(Round(at, tuple(said)))
        except Exception:
            logger.exception("a health round failed")

    def _keep(self, stop: threading.Event) -> None:
        try:
            self.keeper.run(stop)
        except Exception:
            # A mistake of ours: the process ends rather than observe in vain; its supervisor starts it again.
            logger.exception("the keeper of the health rounds failed")
            stop.set()


def run_forever(stop: threading.Event) -> None:
    """The health rounds of this host until `stop` is set."""
    HealthLoop().run(stop)
