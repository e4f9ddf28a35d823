"""The rounds go on: never over each other, without Redis, through an outage of the database, and in one process."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.utils import timezone
from psycopg import sql

from monitoring.health import INTERVAL, HealthLoop, Runner, Status, history
from monitoring.health.loop import Keeper, Part
from monitoring.health.outcomes import Outcome
from monitoring.models import CheckResult, Span
from tests.conftest import SERVERS, WORKER

START = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


def fine(timeout: float) -> None:
    pass


def refuse(timeout: float) -> None:
    raise ConnectionRefusedError("refused")


class Clock:
    """A clock that only waiting moves; `stop` is set after so many waits."""

    def __init__(self, at: dt.datetime, waits: int) -> None:
        self.at, self.left = at, waits

    def now(self) -> dt.datetime:
        return self.at

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        if self.left == 0:
            stop.set()
        self.left -= 1
        self.at += dt.timedelta(seconds=seconds)
        return stop.is_set()


class Listener(Keeper):
    """A keeper that only listens."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[dt.datetime] = []

    def run(self, stop: threading.Event) -> None:
        pass

    def add(self, made: Any) -> None:
        self.times.append(made.at)


def test_rounds_are_on_the_clock() -> None:
    clock, keeper = Clock(START + dt.timedelta(seconds=11), 3), Listener()
    HealthLoop(Runner({"api": fine}), keeper, clock.now, clock.wait).run(threading.Event())
    assert [(at - START).total_seconds() for at in keeper.times] == [30, 60, 90]


def test_round_that_takes_too_long_is_followed_by_the_next_that_is_due() -> None:
    """Never two at once: the checks of a round see no other, and what was missed is not made up for."""
    clock, keeper, running, most = Clock(START, 3), Listener(), [0], [0]

    class Slow(Runner):
        def run(self, *args: Any, **options: Any) -> list[Outcome]:
            running[0] += 1
            most[0] = max(most[0], running[0])
            clock.at += dt.timedelta(seconds=70)
            running[0] -= 1
            return [Outcome("api", Status.OK)]

    HealthLoop(Slow(), keeper, clock.now, clock.wait).run(threading.Event())
    assert [(at - START).total_seconds() for at in keeper.times] == [30, 120, 210]
    assert most == [1]


def test_mistake_in_a_round_does_not_end_the_rounds() -> None:
    clock, keeper = Clock(START, 2), Listener()

    class Broken(Runner):
        def run(self, *args: Any, **options: Any) -> list[Outcome]:
            raise RuntimeError("a mistake of ours")

    HealthLoop(Broken(), keeper, clock.now, clock.wait).run(threading.Event())
    assert clock.left == -1
    assert keeper.times == []


@pytest.fixture
def keeper(transactional_db: None) -> Iterator[Keeper]:
    """The keeper of this test's thread, which the test steps by hand."""
    one = Keeper()
    yield one
    one.close()


@contextlib.contextmanager
def _away() -> Iterator[None]:
    """This worker's database refuses everybody and throws out who is there, as a stopped server does."""
    name = sql.Identifier(SERVERS.database(WORKER))
    with psycopg.connect(SERVERS.postgres.superuser_url(), autocommit=True) as server:
        server.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(name))
        try:
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [SERVERS.database(WORKER)],
            )
            yield
        finally:
            server.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))


def _spans(name: str, start: dt.datetime) -> list[tuple[str, float, float]]:
    return [
        (one.status, (one.since - start).total_seconds(), (one.until - start).total_seconds())
        for one in Span.objects.filter(name=name).order_by("since")
    ]


def test_outage_of_the_database_is_written_afterwards_with_its_true_times(keeper: Keeper) -> None:
    start = timezone.now() - dt.timedelta(hours=1)
    asks = {"database": fine, "redis": fine, "api": fine}
    loop = HealthLoop(Runner(asks), keeper)

    def rounds(first: int, last: int) -> None:
        for number in range(first, last):
            loop.round(start + number * INTERVAL)
            keeper.step()

    rounds(0, 4)
    with _away():
        asks["database"] = refuse
        rounds(4, 20)
        assert keeper.part is Part.LEADS
    asks["database"] = fine
    rounds(20, 22)
    expected = [("ok", 0, 120), ("down", 120, 600), ("ok", 600, 720)]
    assert _spans("", start) == _spans("database", start) == expected
    assert _spans("redis", start) == [("ok", 0, 720)]
    assert CheckResult.objects.filter(name="database", status="down").count() == 15
    assert CheckResult.objects.filter(name="database", failures=1, status="degraded").count() == 1


def test_rounds_that_wait_are_bounded_and_the_oldest_go_first(keeper: Keeper) -> None:
    small = Keeper(waiting=3)
    loop = HealthLoop(Runner({"api": fine}), small)
    start = timezone.now() - dt.timedelta(hours=1)
    for number in range(5):
        loop.round(start + number * INTERVAL)
    small.step()
    first = CheckResult.objects.earliest("at")
    assert CheckResult.objects.count() == 3
    assert (first.at - start).total_seconds() == 60
    small.close()


def test_of_two_processes_one_makes_the_rounds_and_the_other_takes_over(keeper: Keeper) -> None:
    keeper.step()
    assert keeper.part is Part.LEADS
    other = Keeper()
    stop, loop = threading.Event(), HealthLoop(Runner({"api": fine}), other)
    thread = threading.Thread(target=other.run, args=(stop,))
    thread.start()
    other.wake()
    _until(lambda: other.part is Part.FOLLOWS)
    loop.round(timezone.now())
    assert not other._rounds
    keeper.close()
    other.wake()
    _until(lambda: other.part is Part.LEADS)
    loop.round(timezone.now())
    _until(lambda: CheckResult.objects.exists())
    stop.set()
    other.wake()
    thread.join(20)


def test_start_while_the_database_is_away_goes_on_and_is_written_if_it_gets_the_lock(keeper: Keeper) -> None:
    start = timezone.now() - dt.timedelta(hours=1)
    loop = HealthLoop(Runner({"database": refuse}), keeper)
    with _away():
        for number in range(4):
            loop.round(start + number * INTERVAL)
            keeper.step()
        assert _part(keeper) == "unknown"
    keeper.step()
    assert _part(keeper) == "leads"
    assert _spans("database", start) == [("down", 0, 180)]


def test_what_was_made_while_another_had_the_lock_is_not_written(keeper: Keeper) -> None:
    with psycopg.connect(_url(), autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(hashtext('monitoring.health.rounds'))")
        HealthLoop(Runner({"database": refuse}), keeper).round(timezone.now())
        keeper.step()
    assert keeper.part is Part.FOLLOWS
    assert not CheckResult.objects.exists()


def _part(keeper: Keeper) -> str:
    return keeper.part.value


def _url() -> str:
    return SERVERS.environment(WORKER)["DATABASE_URL"]


def test_late_rounds_never_paint_over_what_others_observed(transactional_db: None) -> None:
    start = timezone.now() - dt.timedelta(hours=1)
    for number in range(11):
        history.keep([Outcome("redis", Status.OK)], start + number * INTERVAL)
    history.keep([Outcome("redis", Status.DOWN, failures=2)], start + 3 * INTERVAL)
    assert _spans("redis", start) == [("ok", 0, 390)]


def test_failures_in_a_row_outlive_a_restart(keeper: Keeper) -> None:
    now = timezone.now()
    history.keep([Outcome("redis", Status.DEGRADED, failures=1)], now - INTERVAL)
    keeper.step()
    HealthLoop(Runner({"redis": refuse}), keeper).round(now)
    keeper.step()
    assert CheckResult.objects.latest("at").status == "down"
    assert [status for status, *_ in _spans("redis", now)] == ["down"]


def test_rounds_go_on_without_redis(keeper: Keeper, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    loop = HealthLoop(Runner(), keeper)
    now = timezone.now()
    for number in range(2):
        loop.round(now + number * INTERVAL)
        keeper.step()
    lines = {row.name: row.status for row in CheckResult.objects.order_by("at")}
    assert (lines["redis"], lines["database"]) == ("down", "ok")


def test_check_that_never_answers_is_down_and_nothing_stacks_up(keeper: Keeper) -> None:
    release, threads = threading.Event(), threading.active_count()

    def hang(timeout: float) -> None:
        release.wait(30)

    loop = HealthLoop(Runner({"database": fine, "redis": hang, "api": fine}, timeout=0.05), keeper)
    now = timezone.now()
    for number in range(5):
        loop.round(now + number * INTERVAL)
        keeper.step()
    assert threading.active_count() <= threads + 1
    release.set()
    assert CheckResult.objects.filter(name="redis", status="down").count() == 4
    assert CheckResult.objects.filter(name="api", status="ok").count() == 5


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_collector_holds_the_lock_and_ends_when_told() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "fvdash.settings"}
    process = subprocess.Popen([sys.executable, "-W", "ignore", "manage.py", "collector"], env=environment)
    try:

        def leads() -> bool:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()")
                return bool(cursor.fetchone()[0])

        _until(leads)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
