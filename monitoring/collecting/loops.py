"""What else runs in the collector. Add here, and nowhere else.

A loop runs until its event is set, in a thread of its own, beside the sampling; one that fails is started
again. A sampler returns samples of a tick: those of `SAMPLERS` are of what all hosts share (host ""), read by
the one collector that leads, through its thread's database connection; those of `HOST_SAMPLERS` are of each
host, and must neither wait for anything nor touch the database.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

from django.db import connections

from monitoring.collecting import tasks
from monitoring.collecting.sources import Read
from monitoring.health import run_forever
from monitoring.log import sampling
from monitoring.metrics import business
from monitoring.page import deploys

logger = logging.getLogger(__name__)

type Loop = Callable[[threading.Event], None]

AGAIN_S: Final = 10.0

LOOPS: dict[str, Loop] = {"health": run_forever, "version": deploys.note}
SAMPLERS: dict[str, Read] = {"the business": business.samples, "the tasks": tasks.samples, "the log": sampling.samples}
HOST_SAMPLERS: dict[str, Read] = {}


def start(ended: threading.Event, loops: Mapping[str, Loop]) -> list[threading.Thread]:
    """Starts each of them in a daemon thread."""
    threads = [
        threading.Thread(target=_keep, args=(name, loop, ended), name=f"fvdash-{name}", daemon=True)
        for name, loop in loops.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep(name: str, loop: Loop, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            loop(ended)
        except Exception:
            logger.exception("%s failed and is started again", name)
        finally:
            connections.close_all()
        ended.wait(AGAIN_S)
