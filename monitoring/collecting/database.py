"""What PostgreSQL tells of itself to any role that may connect."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Final

from django.db import connection

from monitoring.collecting import clock
from monitoring.collecting.rates import Counters
from monitoring.store import Sampled

# What is shown of other roles' sessions depends on pg_read_all_stats: without it they have no state, and no
# kind. A session without a user is one of the server's own.
_SESSIONS: Final = (
    "SELECT coalesce(state, 'hidden'), datname = current_database(), count(*),"
    "       max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE datname = current_database())"
    "  FROM pg_stat_activity"
    " WHERE usename IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'"
    " GROUP BY 1, 2"
)
_COUNTERS: Final = (
    "SELECT blks_hit, blks_read, deadlocks, xact_commit, xact_rollback, temp_bytes,"
    "       pg_database_size(datid), current_setting('max_connections')::int,"
    "       (SELECT count(*) FROM pg_locks WHERE NOT granted)"
    "  FROM pg_stat_database WHERE datname = current_database()"
)
_STATES: Final = {
    "active": "active",
    "idle": "idle",
    "idle in transaction": "idle_in_transaction",
    "idle in transaction (aborted)": "idle_in_transaction",
    "hidden": "hidden",
}


class Database:
    """Sessions, counters and size of this database, and how long it takes to answer."""

    def __init__(self) -> None:
        self._counters: Counters[str] = Counters()

    def read(self, now: dt.datetime) -> Iterator[Sampled]:
        with connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute("SELECT 1")
            cursor.fetchone()
            yield Sampled("database.latency_ms", (time.perf_counter() - began) * 1000)
            cursor.execute(_SESSIONS)
            sessions = cursor.fetchall()
            cursor.execute(_COUNTERS)
            hit, read, deadlocks, commits, rollbacks, temporary, size, most, waiting = cursor.fetchone()
        yield from _sessions(sessions, most)
        yield Sampled("database.size_bytes", size)
        yield Sampled("database.waiting_locks", waiting)
        yield from self.rates(
            clock.elapsed(),
            {
                "hit": hit,
                "read": read,
                "database.deadlocks": deadlocks,
                "database.transactions": commits + rollbacks,
                "database.rollbacks": rollbacks,
                "database.temp_bytes": temporary,
            },
        )

    def rates(self, at: float, counters: dict[str, float]) -> Iterator[Sampled]:
        """Per second; the hit rate over the interval, where anything was read in it."""
        growth = self._counters.grown(at, counters)
        if growth is None or len(growth.by) < len(counters):
            # Statistics that were reset are reset together.
            return
        by = dict(growth.by)
        hit, read = by.pop("hit"), by.pop("read")
        if hit + read > 0:
            yield Sampled("database.cache_hit_pct", 100 * hit / (hit + read))
        for name, grown in by.items():
            yield Sampled(name, grown / growth.seconds)


def _sessions(rows: list[tuple[str, bool | None, int, float | None]], most: int) -> Iterator[Sampled]:
    states = dict.fromkeys(("active", "idle", "idle_in_transaction", "hidden"), 0)
    everywhere, oldest = 0, 0.0
    for state, here, count, age in rows:
        everywhere += count
        if here:
            name = _STATES.get(state, "other")
            states[name] = states.get(name, 0) + count
            oldest = max(oldest, float(age or 0))
    yield Sampled("db_connections", sum(states.values()))
    for state, count in states.items():
        yield Sampled("database.connections", count, {"state": state})
    yield Sampled("database.connections_max", most)
    yield Sampled("database.connections_used_pct", 100 * everywhere / most)
    yield Sampled("database.oldest_transaction_s", oldest)
