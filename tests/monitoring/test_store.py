"""The store of metrics: what was written is read back exactly, from whichever tier."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, connections

from core.metrics import Agg
from monitoring import partitions, store, tasks
from monitoring.store import Sampled, reading, rolling, write, writing

pytestmark = pytest.mark.django_db

UTC = dt.UTC
HOUR, MINUTE, SECOND = dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(seconds=1)
type Taken = tuple[Any, ...]
START = dt.datetime(2026, 3, 4, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    writing.forget()
    yield
    writing.forget()


def fill(hours: float, *, every: int = 10, seed: int = 1, start: dt.datetime = START) -> dict[str, list[Taken]]:
    """Rounds of three metrics with gaps; returns what was written, by metric."""
    dice, written, rounds = random.Random(seed), defaultdict(list), []
    for number in range(int(hours * 3600 / every)):
        at = start + number * every * SECOND + dice.randrange(1000) * dt.timedelta(microseconds=1)
        samples = [
            Sampled(name, round(dice.gauss(50, 20), 3), {"core": core} if core else {})
            for name, core in (("t.a", ""), ("t.b", "0"), ("t.b", "1"))
            if dice.random() > 0.1 and not 1800 <= (at - START).total_seconds() % 7200 < 2100
        ]
        rounds.append((at, samples))
        for one in samples:
            written[one.metric + one.labels.get("core", "")].append((at, one.value))
    writing.write_rounds("web-1", rounds)
    return written


def expected(values: list[Taken], start: dt.datetime, step: dt.timedelta, count: int, agg: str) -> list[float | None]:
    """The same by the plainest means."""
    slots: list[list[float]] = [[] for _ in range(count)]
    for at, value in values:
        slot = (at - start) // step
        if 0 <= slot < count:
            slots[slot].append(value)
    ways: dict[str, Callable[[list[float]], float]] = {
        "avg": lambda v: math.fsum(v) / len(v),
        "sum": math.fsum,
        "min": min,
        "max": max,
        "last": lambda v: v[-1],
        "p95": lambda v: sorted(v)[math.ceil(0.95 * len(v)) - 1],
    }
    return [ways[agg](slot) if slot else None for slot in slots]


def close(found: tuple[float | None, ...], wanted: list[float | None]) -> bool:
    return len(found) == len(wanted) and all(
        (a is None) == (b is None) and (a is None or math.isclose(a, b, rel_tol=1e-9))  # type: ignore[arg-type]
        for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("agg", ["avg", "min", "max", "sum", "last", "p95"])
def test_raw_minutes_and_hours_agree_with_the_plainest_sum(agg: Agg) -> None:
    written = fill(5)
    now = START + 5 * HOUR
    assert rolling.roll_up(now) == 4  # the fifth is over, and its grace is not
    for start, end, step, grain in (
        (START + 4 * HOUR, now, MINUTE, "raw"),
        (START + 3.5 * HOUR, now, 30 * SECOND, "raw"),
        (START, now, 5 * MINUTE, "minute"),
        (START, now, HOUR, "hour"),
    ):
        if agg == "p95" and grain != "raw":
            continue  # of means, below
        found = reading.lines(["t.a", "t.b"], start, end, step, agg, now=now)
        assert found["t.a"].grain == grain
        assert found["t.a"].start == start
        (line,) = found["t.a"].lines
        assert line.labels == {"host": "web-1"}
        assert close(line.values, expected(written["t.a"], start, step, found["t.a"].count, agg))
        assert None in line.values or step >= HOUR
        cores = {one.labels["core"]: one.values for one in found["t.b"].lines}
        for core in "01":
            assert close(cores[core], expected(written["t.b" + core], start, step, found["t.b"].count, agg))


def test_p95_beyond_two_hours_is_of_the_means_of_minutes() -> None:
    written = fill(3)
    rolling.roll_up(START + 4 * HOUR)
    found = reading.lines(["t.a"], START, START + 3 * HOUR, HOUR / 2, "p95", now=START + 4 * HOUR)["t.a"]
    means = expected(written["t.a"], START, MINUTE, 180, "avg")
    timed = [(START + n * MINUTE, mean) for n, mean in enumerate(means) if mean is not None]
    assert close(found.lines[0].values, expected(timed, START, HOUR / 2, 6, "p95"))


def test_a_day_of_the_hour_tier_is_the_sum_of_its_samples() -> None:
    written = fill(50, every=60)
    now = START + 50 * HOUR + 10 * MINUTE
    assert rolling.roll_up(now) == 50
    for agg in ("avg", "min", "max", "sum", "last"):
        found = reading.lines(["t.a"], START, now, dt.timedelta(days=1), agg, now=now)["t.a"]
        assert found.grain == "day"
        wanted = expected(written["t.a"], START, dt.timedelta(days=1), 3, agg)
        assert close(found.lines[0].values, wanted)


def test_rolling_twice_or_after_a_day_without_is_the_same() -> None:
    fill(6, every=30)
    for hour in range(1, 7):
        rolling.roll_up(START + hour * HOUR + 5 * MINUTE)
    at_once = _tiers()
    with connection.cursor() as cursor:
        for tier in ("minute", "hour", "day"):
            cursor.execute(f"DELETE FROM monitoring_{tier}block")
        cursor.execute("UPDATE monitoring_rollup SET closed_until = %s, rolled_until = %s", [START, START])
    assert rolling.roll_up(START + 30 * HOUR) == 29
    assert _tiers() == at_once
    assert rolling.roll_up(START + 30 * HOUR) == 0
    assert _tiers() == at_once


def _tiers() -> list[Taken]:
    with connection.cursor() as cursor:
        rows: list[Taken] = []
        for tier in ("minute", "hour", "day"):
            cursor.execute(f"SELECT * FROM monitoring_{tier}block ORDER BY 1, 2")
            rows += cursor.fetchall()
        return [tuple(map(_plain, row)) for row in rows]


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def test_a_late_sample_has_its_hour_rolled_again() -> None:
    write("web-1", START, [Sampled("t.a", 1.0)])
    rolling.roll_up(START + 2 * HOUR)
    write("web-1", START + 30 * MINUTE, [Sampled("t.a", 5.0), Sampled("t.new", 7.0)])
    assert rolling.roll_up(START + 2 * HOUR) == 1
    found = reading.lines(["t.a", "t.new"], START, START + 3 * HOUR, HOUR, "avg", now=START + 3 * HOUR)
    assert found["t.a"].lines[0].values == (3.0, None, None)
    assert found["t.new"].lines[0].values == (7.0, None, None)


def test_a_retried_round_counts_once_and_a_pushed_sample_is_replaced() -> None:
    for _ in range(2):
        write("web-1", START, [Sampled("t.a", 4.0)], once="web-1")
    for value in (1.0, 2.0):
        writing.write_rounds("", [(START, [Sampled("t.pushed", value)])], custom=True)
    now = START + 3 * HOUR
    for rolled in (False, True):
        if rolled:
            rolling.roll_up(now)
        found = reading.lines(["t.a", "t.pushed"], START, now, HOUR, "sum", now=now)
        assert found["t.a"].lines[0].values[0] == 4.0
        assert found["t.pushed"].lines[0].values[0] == 2.0


@pytest.mark.parametrize(("day", "hours"), [(dt.date(2018, 2, 17), 25), (dt.date(2018, 11, 4), 23)])
def test_days_are_those_of_the_zone_through_both_changes_of_clocks(day: dt.date, hours: int) -> None:
    start = dt.datetime.combine(day - dt.timedelta(days=1), dt.time(), UTC)
    writing.write_rounds("", [(start + n * HOUR, [Sampled("t.day", 1.0)]) for n in range(100)])
    now = start + 100 * HOUR
    rolling.roll_up(now)
    found = reading.daily(["t.day"], "America/Sao_Paulo", day, day + dt.timedelta(days=1), "sum", now=now)
    assert found["t.day"] == [({}, [float(hours), 24.0])]


def test_newest_is_fresh_then_stale_then_gone() -> None:
    write("web-1", START, [Sampled("t.a", 1.0), Sampled("t.b", 9.0)])
    write("web-1", START + 10 * SECOND, [Sampled("t.a", 2.0)])
    write("web-2", START + 10 * SECOND, [Sampled("t.a", 3.0)])
    found = {(one.metric, one.host): one for one in reading.latest(["t.a", "t.b"], START + 35 * SECOND)}
    assert found["t.a", "web-1"].value == 2.0
    assert found["t.a", "web-2"].value == 3.0
    assert found["t.a", "web-1"].is_fresh(START + 35 * SECOND)
    assert not found["t.b", "web-1"].is_fresh(START + 35 * SECOND)
    assert [one.host for one in reading.latest(["t.a"], START + 35 * SECOND, host="web-2")] == ["web-2"]
    assert reading.latest(["t.a"], START + HOUR) == []


@pytest.mark.django_db(databases=["default", "owner"])
def test_beat_makes_and_drops_them() -> None:
    assert tasks.roll_up() == "0 hours"
    assert tasks.keep_partitions().endswith("0 made, 0 dropped")


def test_nan_is_no_measurement() -> None:
    assert write("web-1", START, [Sampled("t.a", math.nan), Sampled("t.b", math.inf)]) == 0


def test_a_step_finer_than_what_is_kept_is_widened() -> None:
    now = START + dt.timedelta(days=40)
    found = reading.lines(["t.a"], START, START + 5 * HOUR, MINUTE, now=now)["t.a"]
    assert (found.step, found.grain) == (HOUR, "hour")
    found = reading.lines(["t.a"], now - dt.timedelta(days=3), now, 10 * SECOND, now=now)["t.a"]
    assert (found.step, found.grain) == (MINUTE, "minute")


def test_reading_takes_two_queries(django_assert_num_queries: Callable[[int], AbstractContextManager[object]]) -> None:
    fill(3, every=60)
    rolling.roll_up(START + 4 * HOUR)
    with django_assert_num_queries(2):
        reading.lines(["t.a", "t.b"], START, START + 4 * HOUR, 5 * MINUTE, now=START + 4 * HOUR)
    with django_assert_num_queries(1):
        reading.latest(["t.a", "t.b"], START + 4 * HOUR)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_partitions_are_made_ahead_and_dropped_when_they_are_over_and_rolled_up() -> None:
    now = dt.datetime.now(dt.UTC)
    old = (now - dt.timedelta(days=5)).replace(minute=10)
    # No partition of that day: it falls into the default one, and is moved when the partition is made.
    write("web-1", old, [Sampled("t.a", 1.0)])
    partitions.ensure_for("owner", store.RAW, old, old)
    assert _count("monitoring_raw_default") == 0
    assert _count(store.RAW.name(store.RAW.floor(old))) == 1
    assert partitions.drop("owner", now) == []  # not rolled up yet
    rolling.roll_up(now)
    assert store.RAW.name(store.RAW.floor(old)) in partitions.drop("owner", now)
    assert _count("monitoring_raw") == 0
    found = reading.lines(["t.a"], old - HOUR, old + HOUR, MINUTE, now=now)["t.a"]
    assert [value for value in found.lines[0].values if value is not None] == [1.0]
    assert partitions.ensure("owner", now) == []  # the migration made them
    ahead = partitions.ensure("owner", now + dt.timedelta(days=1))
    assert store.RAW.name(store.RAW.floor(now + dt.timedelta(days=4))) in ahead
    connections["owner"].close()


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])
