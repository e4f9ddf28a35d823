"""Requests and cache look-ups counted in the memory of each process, written down every few seconds.

A request only adds to a dictionary. A thread of the process writes what gathered; when the database is away
the counts wait, and a process that is killed loses a few seconds of them at most.
"""

from __future__ import annotations

import atexit
import datetime as dt
import json
import logging
import os
import socket
import threading
import time
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from cache.backend import counts as cache_counts
from monitoring import histogram, store
from monitoring.store import Sampled

logger = logging.getLogger(__name__)

FLUSH_S = 5.0
# How long an ending process waits for its last write: the database may be what ended first.
STOP_S = 2.0
# More distinct rows than routes x statuses of many minutes: only a database that is long gone gets here.
MOST_ROWS = 20_000
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

type Key = tuple[int, str, str, int]


class Tally:
    """Count, sum and longest of one key, with the histogram."""

    __slots__ = ("buckets", "count", "max_ms", "total_ms")

    def __init__(self) -> None:
        self.count, self.total_ms, self.max_ms = 0, 0.0, 0.0
        self.buckets = [0] * histogram.SIZE

    def merge(self, other: Tally) -> None:
        self.count += other.count
        self.total_ms += other.total_ms
        self.max_ms = max(self.max_ms, other.max_ms)
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]


class Requests:
    """What this process answered since the last `take`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Key, Tally] = {}

    def add(self, route: str, method: str, status: int, ms: float, now: float | None = None) -> None:
        """Counts one answer; `now` is in seconds of the epoch."""
        minute = int(time.time() if now is None else now) // 60
        key = (minute, method if method in _METHODS else "OTHER", route, status)
        with self._lock:
            tally = self._rows.get(key)
            if tally is None:
                if len(self._rows) >= MOST_ROWS:
                    return
                tally = self._rows[key] = Tally()
            tally.count += 1
            tally.total_ms += ms
            tally.max_ms = max(tally.max_ms, ms)
            tally.buckets[histogram.bucket(ms)] += 1

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


requests = Requests()


class Tasks:
    """How tasks ended and how long they ran: kept by what counts requests, once it counts both."""

    def add(self, task: str, outcome: str, ms: float) -> None:
        """Counts the end of one task: success, failure, retry or revoked."""


tasks = Tasks()


def host() -> str:
    """The name of this machine or container, by which its samples are told apart."""
    return socket.gethostname()[:100]


def flush(now: dt.datetime | None = None) -> int:
    """Writes what gathered in this process; returns how many rows. Raises what the database raises, after
    keeping the counts."""
    rows, (hits, lookups) = requests.take(), cache_counts.take()
    if not rows and not lookups:
        return 0
    try:
        with transaction.atomic():
            if rows:
                _write_requests(rows)
            if lookups:
                _write_cache(hits, lookups, now or timezone.now())
    except BaseException:
        requests.give_back(rows)
        cache_counts.add(hits, lookups)
        raise
    return len(rows)


def _write_requests(rows: dict[Key, Tally]) -> None:
    payload = [
        {
            "minute": dt.datetime.fromtimestamp(minute * 60, dt.UTC).isoformat(),
            "method": method,
            "route": route,
            "status": status,
            "count": tally.count,
            "total_ms": tally.total_ms,
            "max_ms": tally.max_ms,
            "buckets": tally.buckets,
        }
        for (minute, method, route, status), tally in rows.items()
    ]
    with connection.cursor() as cursor:
        # In one order, so that processes that write the same rows wait for each other and never in a circle.
        cursor.execute(
            "INSERT INTO monitoring_requestminute AS kept"
            " (minute, host, method, route, status, count, total_ms, max_ms, buckets)"
            " SELECT minute, %s, method, route, status, count, total_ms, max_ms, buckets"
            " FROM jsonb_to_recordset(%s::jsonb) AS new (minute timestamptz, method text, route text,"
            "   status int, count int, total_ms float8, max_ms float8, buckets int[])"
            " ORDER BY minute, route, method, status"
            " ON CONFLICT (minute, route, method, status, host) DO UPDATE SET"
            "   count = kept.count + excluded.count, total_ms = kept.total_ms + excluded.total_ms,"
            "   max_ms = greatest(kept.max_ms, excluded.max_ms),"
            "   buckets = (SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY i)"
            "              FROM unnest(kept.buckets, excluded.buckets) WITH ORDINALITY AS pair (a, b, i))",
            [host(), json.dumps(payload)],
        )


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
        if self._pid == os.getpid() or not settings.MONITORING_FLUSHES:
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._run, name="fvdash-flush", daemon=True)
            self._pid = os.getpid()
            self._thread.start()
            atexit.register(self.stop)
            # A process of multiprocessing ends without atexit.
            Finalize(None, self.stop, exitpriority=100)

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
            except Exception as error:  # noqa: BLE001  (whatever failed, the next round tries again)
                logger.warning("measurements wait for the database", extra={"error": str(error)})
                connection.close()
        connection.close()


flusher = Flusher()


def _after_fork() -> None:
    """A child has its own counts and, when it first counts, its own thread; the parent's lock may be held."""
    requests.__init__()  # type: ignore[misc]
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
