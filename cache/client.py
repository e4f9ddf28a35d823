"""The Redis client for what is not Django's cache: limits and figures of the server itself."""

from __future__ import annotations

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 0.5
"""A caller of the API waits no longer than this for a Redis that hangs."""


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )


def redis_client() -> redis.Redis:
    """A pooled client with short time-outs that does not retry."""
    return _client(settings.REDIS_URL)
