"""Warnings and errors in the memory of their process, and the thread that writes them.

Everything is bounded and nothing is lost silently: occurrences of one group are counted exactly whatever
their number, of each group the newest are kept in full, and when there are too many groups at once the rest
of a logger shares one. When the database is away all of this waits, with its true times.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Final

from django.conf import settings

from monitoring.log.fingerprints import fingerprint
from monitoring.log.reading import Entry, Key

logger = logging.getLogger(__name__)

FLUSH_S: Final = 1.0
LONGEST_WAIT_S: Final = 15.0
# How long an ending process waits for its last write: the database may be what ended first.
STOP_S: Final = 2.0
# Of one group, in memory and of each day in the database.
KEPT_OF_A_GROUP: Final = 100
MOST_ENTRIES: Final = 1_000
MOST_GROUPS: Final = 400
# Different groups of one logger in one hour; beyond, its messages vary in what is no number and no quotation.
MOST_OF_A_LOGGER: Final = 200
SLOT_S, HOUR_S = 10, 3600


class Pending:
    """What gathered of one group since it was last written."""

    __slots__ = ("count", "entries", "first", "hours", "key", "last", "lost", "quiet", "slots")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.count = self.lost = 0
        self.first, self.last = float("inf"), 0.0
        self.hours: dict[int, int] = defaultdict(int)
        self.slots: dict[int, int] = defaultdict(int)
        self.entries: deque[Entry] = deque(maxlen=KEPT_OF_A_GROUP)
        # Whether all of it happened while an event of the log itself was being delivered.
        self.quiet = True

    def count_one(self, at: float, *, quiet: bool) -> None:
        self.count += 1
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.hours[int(at) // HOUR_S] += 1
        self.slots[int(at) // SLOT_S] += 1
        self.quiet = self.quiet and quiet

    def merge_older(self, other: Pending) -> None:
        """Takes in what could not be written; its entries are older than those here."""
        self.count += other.count
        self.lost += other.lost
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for mine, theirs in ((self.hours, other.hours), (self.slots, other.slots)):
            for at, n in theirs.items():
                mine[at] += n
        self.entries = deque([*other.entries, *self.entries], maxlen=KEPT_OF_A_GROUP)
        self.quiet = self.quiet and other.quiet


class Buffer:
    """What this process has to write. Safe to use from several threads, and from a signal's handler."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._groups: dict[str, Pending] = {}
        self._entries = 0
        self._hour = 0
        self._seen: dict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def entries(self) -> int:
        return self._entries

    def add(self, key: Key, at: float, make: Callable[[], Entry], *, quiet: bool = False) -> None:
        """Counts one occurrence; `make` is called to keep it in full."""
        with self._lock:
            pending = self._pending(key, at)
            pending.count_one(at, quiet=quiet)
            entry = make()
            if len(pending.entries) < KEPT_OF_A_GROUP:
                if self._entries >= MOST_ENTRIES:
                    self._drop_one()
                self._entries += 1
            pending.entries.append(entry)

    def _pending(self, key: Key, at: float) -> Pending:
        found = self._groups.get(key.fingerprint)
        if found is not None:
            return found
        hour = int(at) // HOUR_S
        if hour > self._hour:
            self._hour, self._seen = hour, defaultdict(set)
        seen = self._seen[key.logger]
        full = len(self._groups) >= MOST_GROUPS
        if full or (len(seen) >= MOST_OF_A_LOGGER and key.fingerprint not in seen):
            key = _overflow(key)
            if key.fingerprint not in self._groups and len(self._groups) >= 2 * MOST_GROUPS:
                key = _overflow(Key("", logging.WARNING, "monitoring.log", "", ""))
        else:
            seen.add(key.fingerprint)
        return self._groups.setdefault(key.fingerprint, Pending(key))

    def _drop_one(self) -> None:
        """Makes room: the group with most entries loses the detail of its oldest, never its count."""
        largest = max(self._groups.values(), key=lambda pending: len(pending.entries))
        largest.entries.popleft()
        largest.lost += 1
        self._entries -= 1

    def take(self) -> list[Pending]:
        with self._lock:
            taken, self._groups, self._entries = self._groups, {}, 0
            return list(taken.values())

    def give_back(self, groups: list[Pending]) -> None:
        """Keeps what could not be written for the next time, within the same bounds."""
        with self._lock:
            for old in groups:
                mine = self._groups.get(old.key.fingerprint)
                if mine is None:
                    self._groups[old.key.fingerprint] = old
                    self._entries += len(old.entries)
                else:
                    before = len(mine.entries)
                    mine.merge_older(old)
                    self._entries += len(mine.entries) - before
            while self._entries > MOST_ENTRIES:
                self._drop_one()


def _overflow(key: Key) -> Key:
    return Key(fingerprint(key.logger, str(key.level), "overflow"), key.level, key.logger, "", OVERFLOW)


# The place of a group that holds what no longer got a group of its own.
OVERFLOW: Final = "*"


class Keeper:
    """The buffer of this process and its one thread, started by the first warning, and anew after a fork."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        self._lock = threading.RLock()
        self._ended, self._some = threading.Event(), threading.Event()
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._own = threading.local()

    @property
    def writes_here(self) -> bool:
        """Whether this very thread is writing: what it logs would only feed itself."""
        return getattr(self._own, "writing", False)

    def add(self, key: Key, at: float, make: Callable[[], Entry], *, quiet: bool) -> None:
        self.buffer.add(key, at, make, quiet=quiet)
        self._some.set()
        if self._pid != os.getpid() and settings.MONITORING_FLUSHES:
            self._start()

    def could_not_read(self, record: logging.LogRecord, error: Exception) -> None:
        """A record that breaks its reader is counted too; only its logger and the kind of error are said."""
        name = f"{record.name} could not be read: {type(error).__name__}"
        key = Key(fingerprint(name, str(record.levelno)), record.levelno, record.name[:100], "", "")
        entry = Entry(record.created, f"a record of {name}", (), {}, "", "", "", "", None, None, "", "")
        with contextlib.suppress(Exception):  # at the end of an interpreter no thread starts
            self.add(key, record.created, lambda: entry, quiet=False)

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._run, name="fvdash-log", daemon=True)
            self._pid = os.getpid()
            self._thread.start()
            atexit.register(self.stop)
            # A process of multiprocessing ends without atexit.
            Finalize(None, self.stop, exitpriority=100)

    def stop(self) -> None:
        """Writes the rest, waiting STOP_S at most."""
        if self._thread is not None and self._pid == os.getpid():
            self._ended.set()
            self._some.set()
            self._thread.join(STOP_S)

    def flush(self) -> int:
        """Writes what gathered; returns the number of occurrences. Raises what the database raises, after
        keeping everything."""
        from monitoring.log.writing import write

        self._own.writing = True
        taken = self.buffer.take()
        try:
            if taken:
                write(taken, time.time())
        except BaseException:
            self.buffer.give_back(taken)
            raise
        finally:
            self._own.writing = False
        return sum(pending.count for pending in taken)

    def _run(self) -> None:
        from django.db import close_old_connections, connection

        wait, told = FLUSH_S, False
        ended = False
        while not ended:
            self._some.wait()
            self._some.clear()
            # Others gather meanwhile: a burst is one transaction.
            ended = self._ended.wait(wait)
            try:
                close_old_connections()
                self.flush()
                wait, told = FLUSH_S, False
            except Exception as error:  # noqa: BLE001  (whatever failed, the next round tries again)
                self._some.set()
                wait = min(LONGEST_WAIT_S, wait * 2)
                if not told and not ended:
                    self._say(error)
                told = True
            finally:
                # It writes seldom: it keeps no connection in between.
                self._own.writing = True
                connection.close()
                self._own.writing = False

    def _say(self, error: Exception) -> None:
        """On stdout alone: this thread's own lines are not kept."""
        self._own.writing = True
        logger.warning("the log waits for the database", extra={"error": str(error)})
        self._own.writing = False


keeper = Keeper()


def _after_fork() -> None:
    """A child keeps nothing of its parent's, which writes it itself; a lock of the parent's may be held."""
    keeper.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_after_fork)


def _stop_in_worker(**kwargs: object) -> None:
    keeper.stop()


def connect() -> None:
    """Celery's children end without atexit."""
    from celery.signals import worker_process_shutdown

    worker_process_shutdown.connect(_stop_in_worker, dispatch_uid="monitoring.log.stop")
