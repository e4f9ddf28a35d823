"""Asks the database in a thread, so that one that hangs costs a caller a known time at most."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable

from django.db import Error, connections


class Silent(Exception):
    """The database is away, or gave no answer in time."""


class Bounded:
    """While a question still hangs no other is asked: nothing stacks up."""

    def __init__(self, patience: float) -> None:
        """`patience` in seconds."""
        self.patience = patience
        self._lock = threading.Lock()
        self._hanging: threading.Thread | None = None

    def ask[T](self, question: Callable[[], T]) -> T:
        """What `question` returns or raises; Silent when it is the database that fails."""
        found: list[T] = []
        failed: list[BaseException] = []
        context = contextvars.copy_context()

        def run() -> None:
            try:
                found.append(context.run(question))
            except BaseException as error:  # noqa: BLE001  (raised again by whoever waits)
                failed.append(error)
            finally:
                connections.close_all()

        with self._lock:
            if self._hanging is not None and self._hanging.is_alive():
                raise Silent
            thread = threading.Thread(target=run, name="fvdash-metrics", daemon=True)
            thread.start()
        thread.join(self.patience)
        if found:
            return found[0]
        if not failed:
            self._hanging = thread
            raise Silent
        if isinstance(failed[0], Error):
            raise Silent from failed[0]
        raise failed[0]
