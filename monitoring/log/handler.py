"""The handler of logging that keeps warnings and errors. Importable before Django's apps are ready."""

from __future__ import annotations

import logging
import threading
from typing import Final

# The access log: what it says of a failed answer, django.request says with the exception.
NOT_KEPT: Final = ("fvdash.request",)


class KeepingHandler(logging.Handler):
    """Never blocks on anything but memory, never raises, and never keeps what its own writing logs."""

    def __init__(self, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._inside = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING or record.name in NOT_KEPT or getattr(self._inside, "here", False):
            return
        from monitoring.log import keeping, reading

        if keeping.keeper.writes_here:
            return
        # What is logged while a record is read (a repr that warns) is not read in its turn.
        self._inside.here = True
        try:
            key = reading.key_of(record)
            keeping.keeper.add(key, record.created, lambda: reading.snapshot(record), quiet=reading.told_of_itself())
        except Exception as error:  # noqa: BLE001  (the caller's work goes on; the line is on stdout all the same)
            keeping.keeper.could_not_read(record, error)
        finally:
            self._inside.here = False
