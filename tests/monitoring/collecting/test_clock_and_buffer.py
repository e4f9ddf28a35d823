"""When rounds are taken, and where they wait."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import DataError, OperationalError

from monitoring.collecting import clock, loops
from monitoring.collecting.buffer import Buffer, Round
from monitoring.collecting.sources import Complaints, Source
from monitoring.collecting.writing import Writer
from monitoring.store import Sampled

START = dt.datetime(2026, 3, 10, 15, 0, tzinfo=dt.UTC)


class Clock:
    """A clock of the tests: waiting moves it on, to the end of `until` seconds."""

    def __init__(self, until: float, start: float = 0.0) -> None:
        self.start = START.timestamp()
        self.now, self.until = self.start + start, self.start + until

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now > self.until


def ticked(clock_of_test: Clock, work: Callable[[int], float] = lambda number: 0.0) -> list[float]:
    """Seconds from the start at which ticks came, when the round of each takes `work(number)` seconds."""
    found = []
    for number, at in enumerate(clock.ticks(clock_of_test.wait, clock_of_test)):
        found.append((at - START).total_seconds())
        clock_of_test.now += work(number)
    return found


def test_ticks_are_on_the_clock_and_do_not_drift() -> None:
    assert ticked(Clock(45, start=3.7), lambda number: 0.3 * number) == [10, 20, 30, 40]


def test_missed_ticks_are_skipped_and_never_made_up_for() -> None:
    assert ticked(Clock(75), lambda number: 25.0 if number == 0 else 0.0) == [10, 30, 40, 50, 60, 70]


def test_clock_that_is_set_back_makes_no_tick_twice() -> None:
    a_little = Clock(45)
    assert ticked(a_little, lambda number: -4.0 if number == 1 else 0.0) == [10, 20, 30, 40]
    hour = Clock(45)
    assert ticked(hour, lambda number: -3600.0 if number == 1 else 3600.0 if number == 2 else 0.0) == [
        10,
        20,
        -3580,
        20,
        30,
        40,
    ]


def test_time_asleep_counts_as_time() -> None:
    assert abs(clock.elapsed() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1


# ---- the buffer --------------------------------------------------------------------------------
def taken(seconds: float, host: str = "a") -> Round:
    return Round(host, START + dt.timedelta(seconds=seconds), (Sampled("cpu_pct", seconds),), "host")


def test_buffer_keeps_an_hour_and_drops_the_oldest() -> None:
    buffer = Buffer()
    for seconds in range(0, 2 * 3600, 10):
        buffer.add(taken(seconds))
    first = buffer.first()
    assert len(buffer) == 361
    assert first is not None
    assert first.at == START + dt.timedelta(seconds=7190 - 3600)


def test_buffer_is_bounded_whatever_the_clock_says() -> None:
    buffer = Buffer(most=5)
    for _ in range(100):
        buffer.add(taken(1))
    assert len(buffer) == 5


class Store:
    """Keeps what it is given, or fails as told."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, float]] = []
        self.keys: list[str] = []
        self.fails: Callable[[float], Exception | None] = lambda seconds: None
        self.tries = 0

    def write(self, host: str, at: dt.datetime, samples: Iterable[Sampled], *, once: str = "") -> int:
        self.tries += 1
        seconds = (at - START).total_seconds()
        if error := self.fails(seconds):
            raise error
        self.kept.append((host, seconds))
        self.keys.append(once)
        return 1


@pytest.fixture
def rounds() -> tuple[Buffer, Store, Writer]:
    buffer, store = Buffer(), Store()
    for seconds in (0, 10, 20, 30):
        buffer.add(taken(seconds))
    return buffer, store, Writer(buffer, store.write)


def test_what_waited_is_written_oldest_first_with_its_own_time(rounds: tuple[Buffer, Store, Writer]) -> None:
    buffer, store, writer = rounds
    store.fails = lambda seconds: OperationalError("away")
    for _ in range(3):
        with pytest.raises(OperationalError):
            writer.work(START)
    assert (store.tries, len(buffer)) == (3, 4)  # one try a pass
    store.fails = lambda seconds: None
    writer.work(START)
    assert store.kept == [("a", 0), ("a", 10), ("a", 20), ("a", 30)]
    assert set(store.keys) == {"host@a"}
    assert len(buffer) == 0


def test_round_that_is_refused_does_not_keep_the_others(rounds: tuple[Buffer, Store, Writer]) -> None:
    buffer, store, writer = rounds
    store.fails = lambda seconds: DataError("no such partition") if seconds == 10 else None
    with pytest.raises(DataError):
        writer.work(START)
    assert store.kept == [("a", 0), ("a", 20), ("a", 30)]
    assert len(buffer) == 1
    store.fails = lambda seconds: None
    writer.work(START)
    assert store.kept[-1] == ("a", 10)


def test_database_that_refuses_everything_is_not_asked_for_ever(rounds: tuple[Buffer, Store, Writer]) -> None:
    buffer, store, writer = rounds
    store.fails = lambda seconds: DataError("no")
    with pytest.raises(DataError):
        writer.work(START)
    assert (store.tries, len(buffer)) == (3, 4)


# ---- threads -----------------------------------------------------------------------------------
def test_source_that_hangs_is_skipped_and_no_second_thread_is_made(transactional_db: None) -> None:
    hangs, asked = threading.Event(), []

    def read(at: dt.datetime) -> list[Sampled]:
        asked.append(at)
        hangs.wait(30)
        return [Sampled("a", 1.0)]

    buffer = Buffer()
    source = Source("test", buffer, {"it": read}, lambda: True)
    source.start()
    before = threading.active_count()
    assert source.ask(START)
    assert [source.ask(START + dt.timedelta(seconds=10 * n)) for n in range(1, 5)] == [False] * 4
    assert threading.active_count() == before
    hangs.set()
    assert source.wait(10)
    assert source.ask(START + dt.timedelta(seconds=60))
    assert source.wait(10)
    assert asked == [START, START + dt.timedelta(seconds=60)]
    assert len(buffer) == 2


def test_reading_that_fails_leaves_the_others(transactional_db: None) -> None:
    def fail(at: dt.datetime) -> list[Sampled]:
        raise PermissionError("not ours")

    buffer = Buffer()
    source = Source("test", buffer, {"a": fail, "b": lambda at: [Sampled("b", 2.0)]}, lambda: True)
    source.work(START)
    first = buffer.first()
    assert first is not None
    assert [one.metric for one in first.samples] == ["b"]
    assert (first.host, first.at) == ("", START)


def test_who_does_not_lead_reads_nothing(transactional_db: None) -> None:
    buffer = Buffer()
    Source("test", buffer, {"b": lambda at: [Sampled("b", 2.0)]}, lambda: False).work(START)
    assert len(buffer) == 0


def test_failure_is_said_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            complaints.note("read it", OSError("postgresql://a:secret@b away"))
        for _ in range(5):
            complaints.note("read it", None)
    assert [record.getMessage() for record in caplog.records] == [
        "the collector cannot read it",
        "the collector can read it again",
    ]
    assert "secret" not in str(caplog.records[0].__dict__)


def test_loop_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    ended, runs = threading.Event(), []

    def loop(stop: threading.Event) -> None:
        runs.append(stop)
        if len(runs) == 3:
            ended.set()
        raise RuntimeError("failed")

    monkeypatch.setattr(loops, "AGAIN_S", 0.01)
    (thread,) = loops.start(ended, {"test": loop})
    thread.join(10)
    assert runs == [ended] * 3


def test_readings_of_this_machine_fail_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    from monitoring.collecting.process import Machine

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError("/proc/stat")

    machine = Machine()
    monkeypatch.setattr(psutil, "cpu_times", refuse)
    monkeypatch.setattr(psutil, "disk_io_counters", refuse)
    names = {one.metric for one in machine.read(START)}
    assert {"memory_pct", "load.1m", "disk.used_pct"} <= names
    assert not any(name.startswith("cpu") for name in names)
