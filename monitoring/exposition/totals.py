"""Counters of requests and tasks since the beginning, by route, method and status, with their histogram.

Minutes are deltas, rolled up and dropped one day; a counter of Prometheus may never fall. So each flush also
adds what it writes to one row a key, in the same transaction: exact, and as cheap to read as there are keys.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.utils import timezone

from monitoring.requests.counting import REQUEST, TASK, Key, Tally

MOST: Final = {REQUEST: 800, TASK: 200}
"""So many keys of a kind have a row; later ones are added up under OTHER. A key keeps the row it got, so that
no counter ever falls."""
OTHER: Final = "(other)"
KEPT: Final = dt.timedelta(days=90)
"""A row to which nothing was added for so long makes room."""

# Slots of monitoring.requests.histogram that end at a power of two seconds, so that the counts are exact:
# 3.9 ms to 8 s for requests, 2 ms to 2 h 16 min for tasks.
_SECOND: Final = 160
_LAST_SLOTS: Final = {
    REQUEST: tuple(_SECOND + 8 * power for power in range(-8, 4)),
    TASK: tuple(_SECOND + 8 * power for power in range(-9, 14, 2)),
}
BOUNDS_S: Final = {kind: tuple(2.0 ** ((slot - _SECOND) // 8) for slot in slots) for kind, slots in _LAST_SLOTS.items()}
"""Upper bounds in seconds, inclusive; a bucket for what took longer follows."""

type Place = tuple[str, str, str, int]
"""Kind, method, route, status."""

_known: set[Place] = set()
"""Keys that have a row, as this process last saw it; only whether there is room depends on it."""


@dataclass(frozen=True)
class Total:
    """`buckets` are not cumulative; `seconds` is the sum of durations."""

    kind: str
    method: str
    route: str
    status: int
    count: int
    seconds: float
    buckets: tuple[int, ...]


class _Sum:
    __slots__ = ("buckets", "count", "total_us")

    def __init__(self, kind: str) -> None:
        self.count = self.total_us = 0
        self.buckets = [0] * (len(_LAST_SLOTS[kind]) + 1)

    def add(self, kind: str, tally: Tally) -> None:
        self.count += tally.count
        self.total_us += tally.total_us
        for slot, count in tally.slots.items():
            place = next((n for n, last in enumerate(_LAST_SLOTS[kind]) if slot <= last), -1)
            self.buckets[place] += count


def add(rows: Mapping[Key, Tally], now: dt.datetime | None = None) -> None:
    """Adds what a process counted, in the caller's transaction."""
    sums: dict[Place, _Sum] = {}
    places = _places({(kind, method, route, status) for _minute, kind, method, route, status in rows})
    for (_minute, kind, method, route, status), tally in rows.items():
        place = places[kind, method, route, status]
        sums.setdefault(place, _Sum(kind)).add(kind, tally)
    payload = [
        {
            "kind": kind,
            "method": method,
            "route": route,
            "status": status,
            "count": one.count,
            "total_us": one.total_us,
            "buckets": one.buckets,
        }
        for (kind, method, route, status), one in sums.items()
    ]
    with connection.cursor() as cursor:
        # In one order, so that processes that write the same rows wait for each other and never in a circle.
        cursor.execute(
            "INSERT INTO monitoring_total AS kept (kind, route, method, status, count, total_us, buckets, counted_at)"
            " SELECT kind, route, method, status, count, total_us, buckets, %(now)s"
            " FROM jsonb_to_recordset(%(rows)s::jsonb) AS new (kind text, route text, method text, status smallint,"
            "   count bigint, total_us bigint, buckets bigint[])"
            " ORDER BY kind, route, method, status"
            " ON CONFLICT (kind, route, method, status) DO UPDATE SET"
            "   count = kept.count + excluded.count, total_us = kept.total_us + excluded.total_us,"
            "   counted_at = excluded.counted_at,"
            "   buckets = (SELECT array_agg(a + b ORDER BY place)"
            "              FROM unnest(kept.buckets, excluded.buckets) WITH ORDINALITY AS pair (a, b, place))",
            {"rows": json.dumps(payload), "now": now or timezone.now()},
        )


def _places(wanted: set[Place]) -> dict[Place, Place]:
    """Under which key each is kept: its own, or that of all others where there is no room."""
    if not wanted <= _known:
        _known.clear()
        with connection.cursor() as cursor:
            cursor.execute("SELECT kind, method, route, status FROM monitoring_total")
            _known.update(cursor.fetchall())
    room = {kind: most - sum(1 for place in _known if place[0] == kind) for kind, most in MOST.items()}
    places = {}
    for place in sorted(wanted):
        kind, method, _route, status = place
        if place not in _known:
            if room[kind] <= 0:
                places[place] = (kind, method, OTHER, status)
                continue
            room[kind] -= 1
            _known.add(place)
        places[place] = place
    return places


def read() -> list[Total]:
    """All of them, in order. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, method, route, status, count, total_us, buckets FROM monitoring_total"
            " ORDER BY kind, route, method, status"
        )
        return [
            Total(kind, method, route, status, count, total_us / 1_000_000, tuple(buckets))
            for kind, method, route, status, count, total_us, buckets in cursor.fetchall()
        ]


def tidy(now: dt.datetime) -> int:
    """Drops what nothing was added to for KEPT, such as routes of a former version."""
    from monitoring.models import Total as Row

    return Row.objects.filter(counted_at__lt=now - KEPT).delete()[0]


def cumulative(buckets: Iterable[int]) -> list[int]:
    """As `le` wants them: how many took at most so long."""
    found, so_far = [], 0
    for count in buckets:
        so_far += count
        found.append(so_far)
    return found
