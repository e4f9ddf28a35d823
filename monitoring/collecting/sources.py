"""Threads for what may hang. Each does one thing at a time; asked again while busy, it skips.

A statement's time limit is the server's, and a server that is stopped keeps none. So whoever waits for one is
watched: after its time its connection is shut from outside, which ends the wait with an error.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db import connections

from core.logs import scrub
from monitoring.collecting.buffer import Buffer, Round
from monitoring.store import Sampled

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 8.0

type Read = Callable[[dt.datetime], Iterable[Sampled]]


class Complaints:
    """A line in the log when something starts to fail, or fails otherwise, and one when it works again."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def note(self, what: str, error: Exception | None) -> None:
        text = "" if error is None else scrub(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
        before, self._texts[what] = self._texts.get(what, ""), text
        if text and text != before:
            logger.warning("the collector cannot %s", what, extra={"error": text})
        elif before and not text:
            logger.info("the collector can %s again", what)


class Watched:
    """A daemon thread that does `work` each time it is asked to."""

    def __init__(self, name: str, patience: float = PATIENCE_S) -> None:
        self.name, self.patience = name, patience
        self.complaints = Complaints()
        self._asked: dt.datetime | None = None
        self._wake, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        self._since: float | None = None
        self._connection: Any = None
        self._thread = threading.Thread(target=self._run, name=f"fvdash-{name}", daemon=True)

    def work(self, at: dt.datetime) -> None:
        """What is done for the tick `at`; in the thread."""
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def ask(self, at: dt.datetime) -> bool:
        """Has `work(at)` done by the thread; False when it is still at the one before."""
        self.watch()
        if not self._idle.is_set():
            return False
        self._idle.clear()
        self._asked = at
        self._wake.set()
        return True

    def wait(self, seconds: float) -> bool:
        """Whether the thread is idle within so long."""
        return self._idle.wait(seconds)

    def begin(self) -> None:
        """Its time starts anew: another step begins."""
        self._since = time.monotonic()

    def watch(self) -> None:
        """Ends a wait that takes too long."""
        since = self._since
        if since is not None and time.monotonic() - since > self.patience:
            sever(self._connection)

    def _run(self) -> None:
        self._connection = connections["default"]
        while True:
            self._wake.wait()
            self._wake.clear()
            at = self._asked
            if at is not None:
                self.begin()
                try:
                    self.work(at)
                except Exception as error:  # noqa: BLE001  (whatever failed is tried again at the next tick)
                    connections["default"].close()
                    self.complaints.note(self.name, error)
                else:
                    self.complaints.note(self.name, None)
            self._since = None
            self._idle.set()


class Source(Watched):
    """Readings that are taken one after the other, as one round of host "": one that fails is a gap of its own."""

    def __init__(self, name: str, buffer: Buffer, reads: Mapping[str, Read], ready: Callable[[], bool]) -> None:
        super().__init__(name)
        self._buffer, self._reads, self._ready = buffer, reads, ready

    def work(self, at: dt.datetime) -> None:
        if not self._ready():
            return
        samples: list[Sampled] = []
        for name, read in self._reads.items():
            self.begin()
            try:
                samples += list(read(at))
            except Exception as error:  # noqa: BLE001  (the others are read all the same)
                connections["default"].close()
                self.complaints.note(f"read {name}", error)
            else:
                self.complaints.note(f"read {name}", None)
        self._buffer.add(Round("", at, tuple(samples), self.name))


def sever(wrapper: Any) -> None:
    """Shuts the socket of a Django connection that another thread waits on; that thread then gets an error."""
    # It may be closed, or made anew, while we look.
    with contextlib.suppress(Exception):
        # A copy of the descriptor: closing the original would pull it away under the other thread.
        copy = socket.socket(fileno=os.dup(wrapper.connection.pgconn.socket))
        with copy:
            copy.shutdown(socket.SHUT_RDWR)
