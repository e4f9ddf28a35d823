"""The thread that writes the rounds that wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from django.db import Error, InterfaceError, OperationalError, connections

from monitoring import store
from monitoring.collecting.buffer import Buffer
from monitoring.collecting.sources import Watched

# Rounds that the database refuses for what they are, not for its own state, before a pass ends.
MOST_REFUSED: Final = 3


class Writer(Watched):
    """One thread with one connection. It writes what waits, oldest first, and stops at the first failure until
    it is asked again: nothing stacks up behind a database that hangs."""

    def __init__(self, buffer: Buffer, write: Callable[..., int] | None = None) -> None:
        super().__init__("write samples")
        self._buffer, self._write = buffer, write or store.write

    def work(self, at: dt.datetime) -> None:
        refused = 0
        while (taken := self._buffer.first()) is not None:
            self.begin()
            try:
                self._write(taken.host, taken.at, taken.samples, once=f"{taken.source}@{taken.host}")
            except (OperationalError, InterfaceError):
                self._give_up()
                raise
            except Error:
                # A partition that is missing yet, or a round that will never do: it must not keep the others.
                self._give_up()
                self._buffer.set_aside(taken)
                refused += 1
                if refused >= min(MOST_REFUSED, len(self._buffer)):
                    raise
            else:
                self._buffer.done(taken)

    def _give_up(self) -> None:
        connections["default"].close()
        # An id of a series that was rolled back, or of a database that is another one now.
        store.forget()
