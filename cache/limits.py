"""A limit of calls that is exact: in no window of S seconds are there more than N, across all processes.

Each caller has a log of the moments of its calls in Redis (a sorted set). One script drops what left the
window, counts, and adds, so that no two processes can both take the last place.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from redis.exceptions import RedisError

from cache.client import redis_client

logger = logging.getLogger(__name__)

# ARGV: limit, window in µs, id of the call, 1 to take a place or 0 to look only, now in µs or ''.
# Answers: allowed, places left, µs until the next place opens (0 when there is one), µs until the oldest leaves.
_SCRIPT = """
local now = tonumber(ARGV[5])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', KEYS[1])
local allowed = used < limit
if allowed and ARGV[4] == '1' then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    used = used + 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local opens = oldest[2] and math.max(0, tonumber(oldest[2]) + window - now) or 0
return {allowed and 1 or 0, math.max(0, limit - used), used < limit and 0 or opens, opens}
"""

# After a failure Redis is left alone for so long: a caller must not wait for its time-out at every call.
_PAUSE_S = 2.0


@dataclass(frozen=True)
class Policy:
    """At most `calls` in any `seconds`. `name` is shown in the headers and parts the logs of policies."""

    name: str
    calls: int
    seconds: int


@dataclass(frozen=True)
class Verdict:
    """What a limit says of one call. Seconds are rounded up; `enforced` False: Redis was away, all may pass."""

    policy: Policy
    allowed: bool
    remaining: int
    retry_after_s: int
    reset_s: int
    enforced: bool = True


class Limiter:
    """Asks the log. `client` is for tests; by default the installation's Redis."""

    def __init__(self, client: redis.Redis | None = None) -> None:
        self._given = client
        self._away_until = 0.0

    def take(self, policy: Policy, caller: str, now: float | None = None) -> Verdict:
        """Takes a place for `caller` when there is one. `now` (seconds of the epoch) is Redis's clock by default.

        Fails open: while Redis is away every call is allowed and the verdict says that nothing was enforced.
        """
        return self._ask(policy, caller, take=True, now=now)

    def look(self, policy: Policy, caller: str, now: float | None = None) -> Verdict:
        """The verdict on a call that is not made."""
        return self._ask(policy, caller, take=False, now=now)

    def _ask(self, policy: Policy, caller: str, *, take: bool, now: float | None) -> Verdict:
        if time.monotonic() < self._away_until:
            return Verdict(policy, True, policy.calls, 0, 0, enforced=False)
        client = self._given or redis_client()
        arguments = [
            policy.calls,
            policy.seconds * 1_000_000,
            uuid.uuid4().hex,
            int(take),
            "" if now is None else round(now * 1_000_000),
        ]
        try:
            found: Any = _script(client)(keys=[f"limit:{policy.name}:{caller}"], args=arguments)
        except RedisError as error:
            self._away_until = time.monotonic() + _PAUSE_S
            logger.warning("the API limit is not enforced: Redis is away", extra={"error": str(error)})
            return Verdict(policy, True, policy.calls, 0, 0, enforced=False)
        allowed, remaining, retry, reset = (int(part) for part in found)
        return Verdict(policy, bool(allowed), remaining, _seconds(retry), _seconds(reset))


@lru_cache(maxsize=8)
def _script(client: redis.Redis) -> Any:
    return client.register_script(_SCRIPT)


def _seconds(micro: int) -> int:
    return -(-micro // 1_000_000)


def fingerprint(secret: str) -> str:
    """Names a caller by a credential without keeping it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
