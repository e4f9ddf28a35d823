"""What Redis tells of itself, and what waits in the queue that lies in it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from monitoring.collecting import clock
from monitoring.collecting.rates import Counters
from monitoring.queueing import PUBLISHED_AT
from monitoring.store import Sampled

TIMEOUT_S: Final = 2.0
# kombu's queue of a priority is a list of its own; the first has the queue's bare name.
_PRIORITIES: Final = ("", "\x06\x163", "\x06\x166", "\x06\x169")
HEARD_FOR_S: Final = 12.0
"""A worker's heart beats every two seconds; one not heard for so long is gone, or hangs."""
_COUNTERS: Final = {
    "total_commands_processed": "redis.commands",
    "keyspace_hits": "redis.hits",
    "keyspace_misses": "redis.misses",
    "evicted_keys": "redis.evictions",
}


def client() -> redis.Redis:
    """A client of its own: what the collector waits for must not hold up anybody else's pool."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        client_name="fvdash-collector",
    )


class RedisServer:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._counters: Counters[str] = Counters()

    def read(self, now: dt.datetime) -> Iterator[Sampled]:
        began = time.perf_counter()
        self._client.ping()
        yield Sampled("redis.latency_ms", (time.perf_counter() - began) * 1000)
        info: dict[str, Any] = self._client.info()
        yield Sampled("redis.memory_bytes", info["used_memory"])
        # 0 is "no limit", which is not a limit of nothing.
        if info.get("maxmemory"):
            yield Sampled("redis.memory_max_bytes", info["maxmemory"])
            yield Sampled("redis.memory_used_pct", 100 * info["used_memory"] / info["maxmemory"])
        # Those of pub/sub are clients too; replicas are not.
        yield Sampled("redis.clients", info["connected_clients"])
        yield Sampled("redis.keys", self._client.dbsize())
        yield from self.rates(clock.elapsed(), info)

    def rates(self, at: float, info: dict[str, Any]) -> Iterator[Sampled]:
        counters = {name: float(info[name]) for name in _COUNTERS if name in info}
        growth = self._counters.grown(at, counters)
        # A restart sets all of them back; one alone that still grew would be a lie.
        if growth is not None and len(growth.by) == len(counters):
            for name, by in growth.by.items():
                yield Sampled(_COUNTERS[name], by / growth.seconds)


class Queue:
    """Messages that no worker took yet, how long the oldest waits, and how many workers' hearts beat."""

    def __init__(self, client: redis.Redis, queues: Sequence[str] | None = None) -> None:
        self._client, self._queues = client, queues
        self._ears: Any = None
        self._since = 0.0
        self._heard: dict[str, float] = {}

    def waiting(self, now: dt.datetime) -> Iterator[Sampled]:
        for queue in self._queues if self._queues is not None else queues():
            names = [queue + priority for priority in _PRIORITIES]
            with self._client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.llen(name)
                for name in names:
                    # They are put in at the left and taken from the right.
                    pipeline.lindex(name, -1)
                found = pipeline.execute()
            depth, oldest = sum(found[: len(names)]), [message for message in found[len(names) :] if message]
            labels = {"queue": queue}
            yield Sampled("queue.depth", depth, labels)
            times = [published_at(message) for message in oldest]
            known = [at for at in times if at is not None]
            if not oldest:
                yield Sampled("queue.age_s", 0.0, labels)
            elif len(known) == len(times):
                yield Sampled("queue.age_s", max(0.0, time.time() - min(known)), labels)

    def workers(self, now: dt.datetime) -> Iterator[Sampled]:
        """Counts the hearts heard lately; says nothing before it listened for one interval."""
        try:
            self._listen()
        except redis.RedisError:
            self._deafen()
            raise
        at = time.monotonic()
        self._heard = {name: heard for name, heard in self._heard.items() if at - heard <= HEARD_FOR_S}
        if at - self._since >= clock.INTERVAL_S / 2:
            yield Sampled("queue.workers", len(self._heard))

    def _listen(self) -> None:
        if self._ears is None:
            self._ears = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            self._ears.psubscribe("*celeryev/worker.heartbeat")
            self._since = time.monotonic()
        deadline = time.monotonic() + 0.5
        # None also stands for a message that only confirms the subscription.
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline:
            message = self._ears.get_message(timeout=0.0)
            quiet = quiet + 1 if message is None else 0
            if message is not None and (name := worker_of(message.get("data"))):
                self._heard[name] = time.monotonic()

    def _deafen(self) -> None:
        ears, self._ears = self._ears, None
        self._heard.clear()
        if ears is not None:
            ears.close()


def queues() -> list[str]:
    """Names of the queues that the workers of this installation serve."""
    from celery import current_app

    return [queue.name for queue in current_app.amqp.queues.values()] or [current_app.conf.task_default_queue]


def published_at(message: bytes) -> float | None:
    """When a message was published, in seconds of the epoch; None where nothing says it."""
    try:
        at = json.loads(message)["headers"][PUBLISHED_AT]
        return float(at)
    except (ValueError, TypeError, KeyError):
        return None


def worker_of(event: Any) -> str | None:
    """Name of the worker that sent an event of Celery's, in kombu's envelope."""
    try:
        body = json.loads(event)["body"]
        return str(json.loads(base64.b64decode(body))["hostname"])
    except (ValueError, TypeError, KeyError):
        return None
