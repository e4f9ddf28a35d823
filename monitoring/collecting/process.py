"""The collector's process: a round at each tick, and an orderly end."""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, Final

import psutil
from django.conf import settings
from django.db import connections

from monitoring.collecting import cache, clock, container, disks, host, loops, network
from monitoring.collecting.buffer import Buffer, Round
from monitoring.collecting.database import Database
from monitoring.collecting.leading import Leadership
from monitoring.collecting.sources import Complaints, Source
from monitoring.collecting.writing import Writer
from monitoring.recording import host as host_name
from monitoring.store import Sampled

logger = logging.getLogger(__name__)

# How long an ending collector waits for its last write: the database may be what ended first.
STOP_S: Final = 2.0
STATEMENT_S: Final = 5.0


class Machine:
    """All readings of this host. One that fails (no permission, no such device) is a gap of its own."""

    def __init__(self) -> None:
        processor, interfaces, limits = host.Processor(), network.Interfaces(), container.Container()
        space, traffic = disks.Space(settings.INSTALLATION.data_dir), disks.Traffic()
        self._reads: dict[str, Callable[[float, dt.datetime], Iterable[Sampled]]] = {
            "read the processor": lambda at, now: processor.read(at),
            "read the load": lambda at, now: host.load(),
            "read the memory": lambda at, now: host.memory(),
            "read the swap": lambda at, now: host.swap(),
            "read the disks": lambda at, now: traffic.read(at),
            "read the network": lambda at, now: interfaces.read(at),
            "read the limits": lambda at, now: limits.read(at),
            # Last, for it may wait for a server elsewhere: the counters above want one moment.
            "read the space": lambda at, now: space.read(),
            **{f"read {name}": _of_tick(read) for name, read in loops.HOST_SAMPLERS.items()},
        }
        self._complaints = Complaints()

    def read(self, now: dt.datetime) -> list[Sampled]:
        samples: list[Sampled] = []
        for name, read in self._reads.items():
            try:
                samples += list(read(clock.elapsed(), now))
            except Exception as error:  # noqa: BLE001  (the others are read all the same)
                self._complaints.note(name, error)
            else:
                self._complaints.note(name, None)
        return samples


def _of_tick(read: Callable[[dt.datetime], Iterable[Sampled]]) -> Callable[[float, dt.datetime], Iterable[Sampled]]:
    return lambda at, now: read(now)


class Self:
    """What the collector itself costs."""

    def __init__(self, process: psutil.Process | None = None) -> None:
        self._process = process or psutil.Process()
        self._before: tuple[float, float] | None = None

    def read(self, at: float, duration_s: float, waiting: int) -> Iterator[Sampled]:
        spent = time.process_time()
        before, self._before = self._before, (at, spent)
        if before is not None and at > before[0]:
            yield Sampled("collector.cpu_pct", 100 * (spent - before[1]) / (at - before[0]))
        yield Sampled("collector.memory_bytes", self._process.memory_info().rss)
        yield Sampled("collector.duration_ms", duration_s * 1000)
        yield Sampled("collector.waiting", waiting)


class Collector:
    """Samples this host, and what all hosts share if it leads; `ended` ends it."""

    def __init__(self, ended: threading.Event, name: str | None = None) -> None:
        self.ended, self.name = ended, name or host_name()
        self.buffer = Buffer()
        self.writer = Writer(self.buffer)
        self.leadership = Leadership()
        self._machine, self._self = Machine(), Self()
        client = cache.client()
        queue = cache.Queue(client)
        database = {"the database": Database().read, **loops.SAMPLERS}
        redis = {
            "Redis": cache.RedisServer(client).read,
            "the queue": queue.waiting,
            "the workers": queue.workers,
        }
        self.sources = (
            Source("database", self.buffer, database, self.leadership.claim),
            Source("redis", self.buffer, redis, lambda: self.leadership.leads),
        )

    def run(self) -> None:
        """Until `ended` is set; then writes what waits, and returns within STOP_S and a little."""
        for one in (self.writer, *self.sources):
            one.start()
        loops.start(self.ended, loops.LOOPS)
        logger.info("collecting", extra={"host": self.name, "every_s": clock.INTERVAL_S})
        for at in clock.ticks(self.ended.wait):
            self.round(at)
        self.stop()

    def round(self, at: dt.datetime) -> None:
        """One tick: nothing in here waits for a server that is away."""
        waiting = len(self.buffer)
        for source in self.sources:
            source.ask(at)
        began = time.perf_counter()
        samples = self._machine.read(at)
        took = time.perf_counter() - began
        samples += self._self.read(clock.elapsed(), took, waiting)
        self.buffer.add(Round(self.name, at, tuple(samples), "host"))
        # So that one pass takes what the others read in the same tick; they are there in a moment, or hang.
        self._gather(0.5)
        self.writer.ask(at)

    def _gather(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for source in self.sources:
            if not self.ended.is_set():
                source.wait(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        if len(self.buffer):
            self.writer.ask(dt.datetime.now(dt.UTC))
        if self.writer.wait(STOP_S) and not len(self.buffer):
            return
        logger.warning("the collector ends with rounds unwritten", extra={"waiting": len(self.buffer)})


def main() -> None:
    """Collects until SIGTERM or SIGINT."""
    ended = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    limit(connections.settings["default"])
    Collector(ended).run()


def limit(database: dict[str, Any]) -> None:
    """Gives a database's settings limits, so that no statement and no dead connection holds a thread for long.

    The last three make the server notice a leader that is gone, whose lock another collector waits for.
    """
    options = database.setdefault("OPTIONS", {})
    ms = int(STATEMENT_S * 1000)
    ours = {
        "statement_timeout": ms,
        "lock_timeout": ms,
        "idle_in_transaction_session_timeout": 2 * ms,
        "tcp_keepalives_idle": 20,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    settings_given = " ".join(f"-c {name}={value}" for name, value in ours.items())
    options["options"] = f"{options.get('options', '')} {settings_given}".strip()
    options |= {
        "application_name": "fvdash-collector",
        "connect_timeout": 3,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    # The connections are kept: one holds the lock.
    database["CONN_MAX_AGE"] = None
