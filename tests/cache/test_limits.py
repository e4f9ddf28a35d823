"""The limiter: exact over any window, across threads and processes, and open while Redis is away."""

from __future__ import annotations

import random
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import redis

from cache.limits import Limiter, Policy

THREE_IN_TEN = Policy("api", 3, 10)
START = 1_800_000_000.0


def test_calls_beyond_the_limit_wait_until_the_oldest_leaves() -> None:
    limiter = Limiter()
    allowed = [limiter.take(THREE_IN_TEN, "a", START + second).allowed for second in (0, 1, 2)]
    assert allowed == [True, True, True]
    refused = limiter.take(THREE_IN_TEN, "a", START + 3)
    assert (refused.allowed, refused.remaining, refused.retry_after_s) == (False, 0, 7)
    assert not limiter.take(THREE_IN_TEN, "a", START + 9.999).allowed
    assert limiter.take(THREE_IN_TEN, "a", START + 10).allowed
    assert not limiter.take(THREE_IN_TEN, "a", START + 10.5).allowed


def test_no_window_ever_holds_more_than_the_limit() -> None:
    """A fixed window would let through twice the limit around its border."""
    limiter, rng = Limiter(), random.Random(7)
    moments = sorted(START + rng.uniform(0, 60) for _ in range(300))
    taken = [moment for moment in moments if limiter.take(THREE_IN_TEN, "a", moment).allowed]
    assert all(taken[i + 3] - taken[i] >= 10 - 1e-6 for i in range(len(taken) - 3))
    # And none is refused that would have fitted.
    assert len(taken) >= 15
    assert all(later >= earlier for earlier, later in pairwise(taken))


def test_refused_calls_take_no_place() -> None:
    limiter = Limiter()
    for _ in range(10):
        limiter.take(THREE_IN_TEN, "a", START)
    assert limiter.take(THREE_IN_TEN, "a", START + 10).remaining == 2


def test_looking_takes_no_place() -> None:
    limiter = Limiter()
    assert [limiter.look(THREE_IN_TEN, "a", START).remaining for _ in range(5)] == [3] * 5


def test_callers_and_policies_have_logs_of_their_own() -> None:
    limiter = Limiter()
    for caller in ("a", "b"):
        assert all(limiter.take(THREE_IN_TEN, caller, START).allowed for _ in range(3))
    assert limiter.take(Policy("other", 1, 10), "a", START).allowed


def test_processes_that_race_share_exactly_the_limit(_redis_client: redis.Redis) -> None:  # noqa: PT019
    """Twelve clients with connections of their own, one Redis, its own clock."""
    policy = Policy("api", 50, 60)
    url = _redis_client.connection_pool.connection_kwargs

    def burst(_number: int) -> int:
        with redis.Redis(unix_socket_path=url["path"], db=url["db"]) as client:
            limiter = Limiter(client)
            return sum(limiter.take(policy, "a").allowed for _ in range(20))

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(burst, range(12))) == 50


def test_log_forgets_itself(_redis_client: redis.Redis) -> None:  # noqa: PT019
    Limiter().take(THREE_IN_TEN, "a")
    assert 0 < _redis_client.pttl("limit:api:a") <= 10_000


def test_without_redis_every_call_passes_and_the_verdict_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with redis.Redis(port=port) as away:
        limiter = Limiter(away)
        verdicts = [limiter.take(Policy("api", 1, 10), "a") for _ in range(3)]
    assert all(one.allowed and not one.enforced for one in verdicts)
