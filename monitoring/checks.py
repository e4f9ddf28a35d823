"""The health checks: what is asked, and a runner that never waits longer than a check may take.

Every check runs in a thread of its own with its own connection, so that a dependency that hangs delays its
own result only. A check that is still hanging from the last round is not started again: it is down.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.logs import scrub

TIMEOUT_S = 5.0
SLOW_MS = 1000.0
"""A dependency that answers later than this is degraded."""


class Status(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True)
class Outcome:
    """What one check found. `latency_ms` None: it did not answer, or was not asked."""

    name: str
    status: Status
    latency_ms: float | None = None
    detail: str = ""


type Ask = Callable[[float], None]
"""Asks the dependency within so many seconds; raises when it does not answer as it should."""


def database(timeout: float) -> None:
    """SELECT 1 on a connection of its own, as the runtime role."""
    parameters: dict[str, Any] = dict(connections["default"].get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters["connect_timeout"] = max(2, int(timeout))
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute("SELECT 1")


def redis_server(timeout: float) -> None:
    """PING."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        client.ping()


def api(timeout: float) -> None:
    """GET /api/health over the socket that the web server listens on."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    connection = http.client.HTTPConnection(host.strip("[]"), settings.PORT, timeout=timeout)
    try:
        connection.request("GET", "/api/health", headers={"Host": "localhost"})
        answer = connection.getresponse()
        body = answer.read(1000)
    finally:
        connection.close()
    if answer.status != 200 or b'"ok"' not in body:
        raise RuntimeError(f"answered {answer.status}")


ESSENTIAL: Mapping[str, Ask] = {"database": database, "redis": redis_server, "api": api}
"""The product is down without any of them."""


def outside() -> list[Outcome]:
    """Services outside, by what is configured; none of them is asked in this version."""
    env = settings.ENV
    configured = {
        "meta": bool(env["WHATSAPP_ACCESS_TOKEN"]),
        "google": False,
        "whatsapp": bool(env["WHATSAPP_ACCESS_TOKEN"] and env["WHATSAPP_PHONE_NUMBER_ID"]),
    }
    return [
        Outcome(name, Status.UNKNOWN, detail="configured; not asked in this version")
        if is_configured
        else Outcome(name, Status.NOT_CONFIGURED)
        for name, is_configured in configured.items()
    ]


class _Running:
    """One check under way: its thread may outlive the round when the dependency hangs."""

    def __init__(self, name: str, ask: Ask, timeout: float) -> None:
        self.started = time.monotonic()
        self.outcome: Outcome | None = None
        self._name, self._ask, self._timeout = name, ask, timeout
        self.thread = threading.Thread(target=self._run, name=f"fvdash-check-{name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._ask(self._timeout)
        except Exception as error:  # noqa: BLE001  (any way to fail is the finding)
            detail = scrub(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
            self.outcome = Outcome(self._name, Status.DOWN, None, detail)
        else:
            ms = (time.monotonic() - self.started) * 1000
            slow = ms > SLOW_MS
            self.outcome = Outcome(
                self._name, Status.DEGRADED if slow else Status.OK, round(ms, 2), "slow" if slow else ""
            )


class Runner:
    """Runs checks in parallel; one round at a time in this process."""

    def __init__(self, asks: Mapping[str, Ask] | None = None, timeout: float = TIMEOUT_S) -> None:
        self._asks, self._timeout = asks, timeout
        self._round = threading.Lock()
        self._hanging: dict[str, _Running] = {}

    def run(self) -> list[Outcome]:
        """One round of the essential checks; takes as long as the slowest, `timeout` at most."""
        with self._round:
            asks = ESSENTIAL if self._asks is None else self._asks
            running = {name: self._start(name, ask) for name, ask in asks.items()}
            deadline = time.monotonic() + self._timeout
            return [self._wait(name, one, deadline) for name, one in running.items()]

    def _start(self, name: str, ask: Ask) -> _Running | None:
        before = self._hanging.get(name)
        if before is not None and before.thread.is_alive():
            return None
        self._hanging[name] = _Running(name, ask, self._timeout)
        return self._hanging[name]

    def _wait(self, name: str, one: _Running | None, deadline: float) -> Outcome:
        if one is None:
            since = time.monotonic() - self._hanging[name].started
            return Outcome(name, Status.DOWN, None, f"no answer for {since:.0f} s")
        one.thread.join(max(0.0, deadline - time.monotonic()))
        if one.outcome is None:
            return Outcome(name, Status.DOWN, None, f"no answer within {self._timeout:.0f} s")
        return one.outcome


def overall(outcomes: list[Outcome]) -> Status:
    """Down when something essential is down; degraded when it is slow, unknown, or something else is down."""
    essential = [one.status for one in outcomes if one.name in ESSENTIAL]
    others = [one.status for one in outcomes if one.name not in ESSENTIAL]
    if Status.DOWN in essential:
        return Status.DOWN
    bad = {Status.DEGRADED, Status.UNKNOWN}
    if bad & set(essential) or {Status.DEGRADED, Status.DOWN} & set(others):
        return Status.DEGRADED
    return Status.OK
