"""Tasks of the last whole minute, from the counts that the workers' processes write."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Final

from django.db import connection

from monitoring.requests.counting import OUTCOMES, TASK
from monitoring.store import Sampled

# Workers write every few seconds: a minute is whole only a little after its end.
WRITTEN_AFTER: Final = dt.timedelta(seconds=15)
MINUTE: Final = dt.timedelta(minutes=1)
# A task that ran in none of these is not one of today's: it may have been renamed.
KNOWN_FOR: Final = dt.timedelta(days=1)
P95: Final = 0.95
_OF_MINUTE: Final = (
    "SELECT route, status, count, total_us, slots, counts FROM monitoring_endpoint AS endpoint"
    " LEFT JOIN monitoring_endpointminute AS taken ON endpoint_id = endpoint.id AND minute = %(minute)s"
    " WHERE kind = %(kind)s AND EXISTS (SELECT FROM monitoring_endpointminute AS lately"
    "   WHERE lately.endpoint_id = endpoint.id AND lately.minute > %(since)s AND lately.minute <= %(minute)s)"
)


def samples(now: dt.datetime) -> Iterator[Sampled]:
    """Runs, failures and retries per minute of each task that ran in the day before, its mean and its p95. A
    task that did not run in the minute ran 0 times, and took no time that could be told."""
    minute = (now - WRITTEN_AFTER).replace(second=0, microsecond=0) - MINUTE
    with connection.cursor() as cursor:
        cursor.execute(_OF_MINUTE, {"minute": minute, "kind": TASK, "since": minute - KNOWN_FOR})
        rows = cursor.fetchall()
    for task in sorted({row[0] for row in rows}):
        yield from _of_task(task, [row[1:] for row in rows if row[0] == task and row[1] is not None])


def _of_task(task: str, rows: list[tuple[int, int, int, list[int], list[int]]]) -> Iterator[Sampled]:
    labels = {"task": task}
    runs = sum(count for _status, count, *_rest in rows)
    yield Sampled("task.count", runs, labels)
    yield Sampled("task.failures", sum(row[1] for row in rows if row[0] >= OUTCOMES["failure"]), labels)
    yield Sampled("task.retries", sum(row[1] for row in rows if row[0] == OUTCOMES["retry"]), labels)
    if not runs:
        return
    yield Sampled("task.duration_ms", sum(row[2] for row in rows) / runs / 1000, labels)
    merged: dict[int, int] = {}
    for *_head, slots, counts in rows:
        for slot, count in zip(slots, counts, strict=True):
            merged[slot] = merged.get(slot, 0) + count
    # The geometric middle of the slot (`monitoring.requests.histogram`, without its numpy).
    yield Sampled("task.p95_ms", 1000 * 2 ** ((_rank(merged, P95) - 160.5) / 8), labels)


def _rank(merged: dict[int, int], share: float) -> int:
    """The slot that holds the nearest rank; of a histogram that is not empty."""
    rank, below = math.ceil(share * sum(merged.values()) * (1 - 1e-12)), 0
    for slot in sorted(merged):
        below += merged[slot]
        if below >= rank:
            return slot
    raise ValueError("an empty histogram has no rank")
