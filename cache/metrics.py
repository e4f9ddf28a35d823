"""What Redis itself counts, beside the library's own hits and look-ups (`cache.backend.counts`)."""

from __future__ import annotations

from dataclasses import dataclass

from cache.client import redis_client


@dataclass(frozen=True)
class ServerCounts:
    """Counters of the server since its start: look-ups of any key that found one, and that did not."""

    hits: int
    misses: int


def server_counts() -> ServerCounts:
    """INFO stats of the Redis server. Raises redis.exceptions.RedisError when it is away."""
    info = redis_client().info("stats")
    return ServerCounts(int(info["keyspace_hits"]), int(info["keyspace_misses"]))
