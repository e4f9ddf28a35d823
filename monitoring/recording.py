"""Requests, tasks and cache look-ups counted in the memory of each process, written down every few seconds.

A request only adds to a dictionary. A thread of the process writes what gathered; when the database is away
the counts wait, and a process that is killed loses a few seconds of them at most.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import os
import socket
import threading
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from cache.backend import counts as cache_counts
from monitoring import store
from monitoring.exposition import totals
from monitoring.requests.counting import Key, Requests, Tally, Tasks
from monitoring.requests.writing import write
from monitoring.store import Sampled

logger = logging.getLogger(__name__)

FLUSH_S = 5.0
# How long an ending process waits for its last write: the database may be what ended first.
STOP_S = 2.0
requests, tasks = Requests(), Tasks()


def host() -> str:
    """The name of this machine or container, by which its samples are told apart."""
    return socket.gethostname()[:100]


def flush(now: dt.datetime | None = None) -> int:
    """Writes what gathered in this process; returns how many rows. Raises what the database raises, after
    keeping the counts."""
    answered, ran, (hits, lookups) = requests.take(), tasks.take(), cache_counts.take()
    rows = answered | ran
    if not rows and not lookups:
        return 0
    try:
        with transaction.atomic():
            if rows:
                _write_counts(rows)
            if lookups:
                _write_cache(hits, lookups, now or timezone.now())
    except BaseException:
        requests.give_back(answered)
        tasks.give_back(ran)
        cache_counts.add(hits, lookups)
        raise
    return len(rows)


def _write_counts(rows: dict[Key, Tally]) -> None:
    write(rows, host())
    totals.add(rows)


def _write_cache(hits: int, lookups: int, now: dt.datetime) -> None:
    store.write(host(), now, [Sampled("cache.hits", hits), Sampled("cache.lookups", lookups)])


class Flusher:
    """The one thread of a process that writes. Started by the first request, and anew after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._pid = 0
        self._thread: threading.Thread | None = None

    def ensure(self) -> None:
        # A fork begins anew (`_after_fork`), so that the number of the process need not be asked each time.
        if self._pid:
            return
        self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._started():
                return
            if not settings.MONITORING_FLUSHES:
                self._pid = os.getpid()
                return
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._run, name="fvdash-flush", daemon=True)
            self._pid = os.getpid()
            self._thread.start()
            atexit.register(self.stop)
            # A process of multiprocessing ends without atexit.
            Finalize(None, self.stop, exitpriority=100)

    def _started(self) -> bool:
        """Asked again under the lock: another thread may have been quicker."""
        return bool(self._pid)

    def stop(self) -> None:
        """Writes the rest, waiting STOP_S at most."""
        if self._thread is not None and self._pid == os.getpid():
            self._ended.set()
            self._thread.join(STOP_S)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._ended.wait(FLUSH_S)
            try:
                close_old_connections()
                flush()
                if lost := requests.take_lost() + tasks.take_lost():
                    logger.warning("no room to keep what was counted", extra={"lost": lost})
            except Exception as error:  # noqa: BLE001  (whatever failed, the next round tries again)
                logger.warning("measurements wait for the database", extra={"error": str(error)})
                connection.close()
        connection.close()


flusher = Flusher()


def _after_fork() -> None:
    """A child has its own counts and, when it first counts, its own thread; the parent's lock may be held."""
    requests.__init__()  # type: ignore[misc]
    tasks.__init__()  # type: ignore[misc]
    flusher.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_after_fork)


def _start_in_worker(**kwargs: object) -> None:
    flusher.ensure()


def _stop_in_worker(**kwargs: object) -> None:
    flusher.stop()


def connect() -> None:
    """Celery's processes count cache look-ups too; a web process starts with its first request."""
    from celery.signals import worker_process_init, worker_process_shutdown

    worker_process_init.connect(_start_in_worker, dispatch_uid="monitoring.flush.start")
    worker_process_shutdown.connect(_stop_in_worker, dispatch_uid="monitoring.flush.stop")
