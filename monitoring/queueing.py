"""What the queue's messages and tasks tell: when each was published, how each ended, how long it took."""

from __future__ import annotations

import time
from typing import Any, Final

from monitoring import recording

PUBLISHED_AT: Final = "fvdash_published_at"
# Celery's states, in the words in which tasks are counted.
_OUTCOMES: Final = {
    "SUCCESS": "success",
    "IGNORED": "success",
    "RETRY": "retry",
    "REVOKED": "revoked",
    "REJECTED": "revoked",
    "FAILURE": "failure",
}
_started: dict[str, float] = {}
# A worker's process runs one task at a time; one that never ended must not stay for ever.
_MOST_STARTED: Final = 1000


def on_publish(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Runs in whoever sends: web, worker, beat. A retry is published anew and waits anew."""
    if headers is not None:
        headers[PUBLISHED_AT] = time.time()


def on_start(task_id: str = "", **kwargs: Any) -> None:
    if len(_started) >= _MOST_STARTED:
        _started.clear()
    _started[task_id] = time.perf_counter()


def on_end(task_id: str = "", task: Any = None, state: str | None = "", **kwargs: Any) -> None:
    """Counts one run. A task that ends itself (Ignore) did what it should."""
    began = _started.pop(task_id, None)
    if began is not None and task is not None:
        recording.tasks.add(task.name, _OUTCOMES.get(state or "", "failure"), (time.perf_counter() - began) * 1000)


def connect() -> None:
    from celery.signals import before_task_publish, task_postrun, task_prerun

    before_task_publish.connect(on_publish, dispatch_uid="monitoring.queueing.publish")
    task_prerun.connect(on_start, dispatch_uid="monitoring.queueing.start")
    task_postrun.connect(on_end, dispatch_uid="monitoring.queueing.end")
