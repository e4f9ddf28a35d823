"""Django's Redis cache, counting hits and look-ups and never failing a page because Redis is away."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class Counts:
    """Hits and look-ups of this process since the last `take`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.hits = self.lookups = 0

    def add(self, hits: int, lookups: int) -> None:
        with self._lock:
            self.hits += hits
            self.lookups += lookups

    def take(self) -> tuple[int, int]:
        """(hits, look-ups) since the last call, and starts anew."""
        with self._lock:
            taken = (self.hits, self.lookups)
            self.hits = self.lookups = 0
            return taken


counts = Counts()
_MISSING = object()


class MeasuredRedisCache(RedisCache):
    """A look-up without Redis is a miss; a write without Redis is dropped and logged."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = params.setdefault("OPTIONS", {})
        options.setdefault("socket_timeout", 1)
        options.setdefault("socket_connect_timeout", 1)
        super().__init__(server, params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            value = super().get(key, _MISSING, version)
        except RedisError as error:
            logger.warning("cache is away", extra={"error": str(error)})
            value = _MISSING
        counts.add(int(value is not _MISSING), 1)
        return default if value is _MISSING else value

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        wanted = list(keys)
        try:
            found = super().get_many(wanted, version)
        except RedisError as error:
            logger.warning("cache is away", extra={"error": str(error)})
            found = {}
        counts.add(len(found), len(wanted))
        return found

    def set(self, key: str, value: Any, timeout: Any = ..., version: int | None = None) -> None:
        extra = {} if timeout is ... else {"timeout": timeout}
        try:
            super().set(key, value, version=version, **extra)
        except RedisError as error:
            logger.warning("cache is away", extra={"error": str(error)})

    def set_many(self, data: dict[Any, Any], timeout: Any = ..., version: int | None = None) -> list[str]:
        extra = {} if timeout is ... else {"timeout": timeout}
        try:
            return list(super().set_many(data, version=version, **extra))
        except RedisError as error:
            logger.warning("cache is away", extra={"error": str(error)})
            return list(data)
