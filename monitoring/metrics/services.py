"""Figures of the database, of Redis and of the queue, as the collector that leads samples them."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from core.metrics import Unit
from monitoring.metrics.sampled import sampled

_PCT, _MS, _BYTES, _COUNT, _RATE = Unit.PERCENT, Unit.MILLISECONDS, Unit.BYTES, Unit.COUNT, Unit.PER_SECOND

_ANSWER: Final = _("Time from a statement that does nothing to its answer, on a connection that is open.")
_STATES: Final = _(
    "Client sessions in this database by what they do. Sessions of other roles show no state unless the role may"
    " read all statistics."
)
_USED: Final = _("Client sessions in all databases of the server ÷ sessions it allows.")
_HITS: Final = _(
    "Blocks found in the database's own memory ÷ blocks asked for, since the sample before; unknown where none was."
)
_SIZE: Final = _("Files of this database: tables, indexes and what is not reclaimed yet.")
_GROWTH: Final = _("Growth of the server's counter since the sample before ÷ the seconds between them.")
_OLDEST: Final = _("Age of the oldest transaction that is open in this database; 0 where none is.")
_LOCKS: Final = _("Locks that a session waits for, in all databases of the server.")
_NOW: Final = _("As the server says it at the newest sample.")
_PING: Final = _("Time from PING to PONG on a connection that is open.")
_MEMORY: Final = _("Memory in use ÷ the limit of the server; unknown where there is none.")
_DEPTH: Final = _("Messages in the queue that no worker has taken yet.")
_AGE: Final = _("Time since the oldest waiting message was published; 0 where none waits.")
_WORKERS: Final = _("Workers whose heartbeat was heard in the last 12 seconds.")

sampled(
    ("database.latency_ms", _MS, _("Database, time to answer"), _ANSWER, (), 2, False),
    ("database.connections", _COUNT, _("Database connections by state"), _STATES, ("state",), 0, None),
    ("database.connections_max", _COUNT, _("Database connections allowed"), _NOW, (), 0, None),
    ("database.connections_used_pct", _PCT, _("Database connections used, share"), _USED, (), 1, False),
    ("database.cache_hit_pct", _PCT, _("Database, blocks found in memory"), _HITS, (), 1, True),
    ("database.size_bytes", _BYTES, _("Size of the database"), _SIZE, (), 0, None),
    ("database.deadlocks", _RATE, _("Database, deadlocks"), _GROWTH, (), 3, False),
    ("database.transactions", _RATE, _("Database, transactions"), _GROWTH, (), 1, None),
    ("database.rollbacks", _RATE, _("Database, transactions rolled back"), _GROWTH, (), 2, False),
    (
        "database.temp_bytes",
        Unit.BYTES_PER_SECOND,
        _("Database, written to temporary files"),
        _GROWTH,
        (),
        0,
        False,
    ),
    ("database.oldest_transaction_s", Unit.SECONDS, _("Oldest open transaction"), _OLDEST, (), 1, False),
    ("database.waiting_locks", _COUNT, _("Locks waited for"), _LOCKS, (), 0, False),
    ("redis.latency_ms", _MS, _("Redis, time to answer"), _PING, (), 2, False),
    ("redis.memory_bytes", _BYTES, _("Redis, memory used"), _NOW, (), 0, None),
    ("redis.memory_max_bytes", _BYTES, _("Redis, memory allowed"), _NOW, (), 0, None),
    ("redis.memory_used_pct", _PCT, _("Redis, memory used, share"), _MEMORY, (), 1, False),
    ("redis.clients", _COUNT, _("Redis, clients"), _NOW, (), 0, None),
    ("redis.keys", _COUNT, _("Redis, keys"), _NOW, (), 0, None),
    ("redis.commands", _RATE, _("Redis, commands"), _GROWTH, (), 1, None),
    ("redis.hits", _RATE, _("Redis, look-ups that found a key"), _GROWTH, (), 1, None),
    ("redis.misses", _RATE, _("Redis, look-ups that found none"), _GROWTH, (), 1, None),
    ("redis.evictions", _RATE, _("Redis, keys evicted"), _GROWTH, (), 2, False),
    ("queue.depth", _COUNT, _("Queue, waiting messages"), _DEPTH, ("queue",), 0, False),
    ("queue.age_s", Unit.SECONDS, _("Queue, oldest waiting message"), _AGE, ("queue",), 1, False),
    ("queue.workers", _COUNT, _("Live workers"), _WORKERS, (), 0, True),
)
