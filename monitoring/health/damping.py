"""Damping: one failed round is a flap, two in a row are an outage.

| rounds so far | this round | said | an outage counts from |
|---|---|---|---|
| any | answers | what it found (ok, or degraded when slow or limited) | |
| none failed | fails | degraded, "failing once" | |
| one failed | fails | down | the first of the two |
| two or more failed | fails | down | |

Up is believed at once. A round that was not made in time breaks the row: what failed before it proves nothing
of now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from monitoring.health.outcomes import Outcome, Status

INTERVAL = dt.timedelta(seconds=30)
FRESH = 3 * INTERVAL
"""A result stands for so long; a round later than that found nothing observed in between."""


@dataclass(frozen=True)
class Row:
    """Rounds of one check that failed in a row: how many, the first, the last."""

    failures: int
    first: dt.datetime
    last: dt.datetime


def damp(before: Row | None, found: Outcome, at: dt.datetime) -> tuple[Row | None, Outcome]:
    """The row after this round, and what is said of it."""
    if found.status is not Status.DOWN:
        return None, found
    if before is None or at - before.last >= FRESH or at <= before.last:
        return Row(1, at, at), replace(found, status=Status.DEGRADED, failures=1)
    row = Row(before.failures + 1, before.first, at)
    since = before.first if before.failures == 1 else None
    return row, replace(found, failures=row.failures, since=since)


class Damper:
    """The rows of every check, round by round."""

    def __init__(self, rows: Mapping[str, Row] | None = None) -> None:
        self._rows = dict(rows or {})

    def say(self, outcomes: Iterable[Outcome], at: dt.datetime) -> list[Outcome]:
        said = []
        for found in outcomes:
            row, outcome = damp(self._rows.pop(found.name, None), found, at)
            if row is not None:
                self._rows[found.name] = row
            said.append(outcome)
        return said
