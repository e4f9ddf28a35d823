"""Rolling up raw samples: an hour at a time, again and again with the same result.

An hour is closed first (a sample that comes later marks it), then rolled: its minutes as one row a series,
itself as one slot of its day's row, and that day as one slot of its month's. All in one transaction and for
whole hours only, so that nobody reads half of one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import numpy as np
from django.db import connection, transaction

from monitoring.store.packing import FLOAT, INT
from monitoring.store.tables import Floats, Ints, floats, ints, last_written
from monitoring.store.writing import LOCK

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
# A collector whose write waits for the database is late by seconds; what is later is rolled again.
GRACE: Final = dt.timedelta(minutes=2)
_ROLLER = LOCK + 1
_COLUMNS = ("counts", "sums", "mins", "maxs", "lasts")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

type Stats = tuple[Floats, Floats, Floats, Floats, Floats]
"""Count, sum, min, max and last, series × slots."""


def roll_up(now: dt.datetime) -> int:
    """Rolls every hour that is over, and those that got late samples; returns how many hours.

    One roll-up runs at a time in the whole installation: a second one returns 0 at once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ROLLER])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _late() + _over(now)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ROLLER])


def safe_to_drop() -> dt.datetime | None:
    """Raw samples before this are rolled up; None when nothing is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least(max(rolled_until), (SELECT min(hour) FROM monitoring_latehour)) FROM monitoring_rollup"
        )
        found: dt.datetime | None = cursor.fetchone()[0]
        return found


def _late() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hour FROM monitoring_latehour WHERE hour < (SELECT max(rolled_until) FROM monitoring_rollup)"
            " ORDER BY hour"
        )
        hours = [row[0] for row in cursor.fetchall()]
    for hour in hours:
        with transaction.atomic(), connection.cursor() as cursor:
            # First: a sample that comes while the hour is read marks it again.
            cursor.execute("DELETE FROM monitoring_latehour WHERE hour = %s", [hour])
            _roll(hour)
    return len(hours)


def _over(now: dt.datetime) -> int:
    hour, done = _next_hour(), 0
    while hour is not None and hour + HOUR + GRACE <= now:
        _close(hour + HOUR)
        with transaction.atomic(), connection.cursor() as cursor:
            _roll(hour)
            cursor.execute("UPDATE monitoring_rollup SET rolled_until = %s", [hour + HOUR])
        hour, done = hour + HOUR, done + 1
    return done


def _next_hour() -> dt.datetime | None:
    """The first hour that is not rolled; at the very first that of the first sample."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(rolled_until) FROM monitoring_rollup")
        rolled: dt.datetime | None = cursor.fetchone()[0]
        if rolled is not None:
            return rolled
        cursor.execute("SELECT date_trunc('hour', min(at), 'UTC') FROM monitoring_raw")
        first: dt.datetime | None = cursor.fetchone()[0]
        if first is not None:
            cursor.execute("INSERT INTO monitoring_rollup (closed_until, rolled_until) VALUES (%s, %s)", [first, first])
        return first


def _close(until: dt.datetime) -> None:
    """From now on a sample from before `until` is late; waits for those who write without knowing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("UPDATE monitoring_rollup SET closed_until = greatest(closed_until, %s)", [until])


def _roll(hour: dt.datetime) -> None:
    ids, at, values = _samples(hour)
    if not len(ids):
        return
    series, row = np.unique(ids, return_inverse=True)
    owners = [int(pk) for pk in series]
    minute = (at - _us(hour)) // 60_000_000
    minutes = _stats(len(series), 60, row, minute, values)
    _write("monitoring_minuteblock", owners, hour, minutes)
    day = hour.astimezone(dt.UTC).replace(hour=0)
    hours = _put("monitoring_hourblock", owners, day, 24, (hour - day) // HOUR, _fold(minutes))
    month = day.replace(day=1)
    _put("monitoring_dayblock", owners, month, 31, (day - month) // DAY, _fold(hours))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitoring_series SET last_hour = greatest(last_hour, %s) WHERE id = ANY(%s)", [hour, owners]
        )


def _samples(hour: dt.datetime) -> tuple[Ints, Ints, Floats]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (extract(epoch FROM at) * 1000000)::bigint, series, readings FROM monitoring_raw"
            " WHERE at >= %s AND at < %s ORDER BY at, id",
            [hour, hour + HOUR],
        )
        rows = cursor.fetchall()
    ids, values = ints([row[1] for row in rows]), floats([row[2] for row in rows])
    at = np.repeat(np.array([row[0] for row in rows], np.int64), [len(row[1]) // 4 for row in rows])
    kept = last_written(ids, at)
    return ids[kept], at[kept], values[kept]


def _stats(series: int, slots: int, row: Ints, slot: Ints, values: Floats) -> Stats:
    size, place = series * slots, row * slots + slot
    count = np.bincount(place, minlength=size).astype(np.float64)
    total = np.bincount(place, values, minlength=size)
    low, high, last = np.full(size, np.inf), np.full(size, -np.inf), np.full(size, np.nan)
    np.minimum.at(low, place, values)
    np.maximum.at(high, place, values)
    last[place] = values  # in order of time: the last one stays
    shape = (series, slots)
    return count.reshape(shape), total.reshape(shape), low.reshape(shape), high.reshape(shape), last.reshape(shape)


def _empty(series: int, slots: int) -> Stats:
    shape = (series, slots)
    return np.zeros(shape), np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf), np.full(shape, np.nan)


def _fold(stats: Stats) -> Stats:
    """All slots as one."""
    count, total, low, high, last = stats
    newest = count.shape[1] - 1 - np.argmax(count[:, ::-1] > 0, axis=1)
    return (
        count.sum(1, keepdims=True),
        total.sum(1, keepdims=True),
        low.min(1, keepdims=True),
        high.max(1, keepdims=True),
        np.take_along_axis(last, newest[:, None], 1),
    )


def _put(table: str, owners: Sequence[int], start: dt.datetime, slots: int, slot: int, one: Stats) -> Stats:
    """Puts a slot into the block of each series; returns the whole blocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT series_id, {', '.join(_COLUMNS)} FROM {table} WHERE at = %s AND series_id = ANY(%s)",  # noqa: S608
            [start, list(owners)],
        )
        kept = {row[0]: row[1:] for row in cursor.fetchall()}
    whole = _empty(len(owners), slots)
    for row, owner in enumerate(owners):
        for column, packed in enumerate(kept.get(owner, ())):
            whole[column][row] = ints([packed]) if column == 0 else floats([packed])
    for column, values in enumerate(one):
        whole[column][:, slot] = values[:, 0]
    _write(table, owners, start, whole)
    return whole


def _write(table: str, owners: Sequence[int], start: dt.datetime, stats: Stats) -> None:
    packed = [
        [line.tobytes() for line in values.astype(INT if name == "counts" else FLOAT)]
        for name, values in zip(_COLUMNS, stats, strict=True)
    ]
    columns = ", ".join(_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (series_id, at, {columns})"  # noqa: S608
            f" SELECT owner, %s, {columns}"
            " FROM unnest(%s::int[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])"
            f"   AS new (owner, {columns}) ORDER BY owner"
            " ON CONFLICT (series_id, at) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS),
            [start, list(owners), *packed],
        )


def _us(at: dt.datetime) -> int:
    return (at - _EPOCH) // dt.timedelta(microseconds=1)
