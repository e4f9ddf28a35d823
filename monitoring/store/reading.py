"""Reading series over any window, from the coarsest tier that answers it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from core.metrics import Agg, Line, Lines
from monitoring.store import MINUTES_KEPT, RAW_KEPT
from monitoring.store.tables import Floats, Ints, Table, floats, ints, last_written

MINUTE: Final = dt.timedelta(minutes=1)
HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
# Up to so long a window is read from raw samples: exact to the sample, and still few rows.
RAW_WINDOW: Final = dt.timedelta(hours=2)
# How far back a newest value is looked for. One older than its series' freshness is stale, not gone.
NEWEST: Final = dt.timedelta(minutes=15)
MOST_SERIES: Final = 2_000

type Grain = Literal["raw", "minute", "hour", "day"]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class TooManySeries(Exception):
    """More than MOST_SERIES series have these names and labels."""


@dataclass(frozen=True)
class Newest:
    """The newest sample of a series: fresh for `fresh_s` seconds, then stale."""

    metric: str
    host: str
    labels: Mapping[str, str]
    value: float
    at: dt.datetime
    fresh_s: int

    def is_fresh(self, now: dt.datetime) -> bool:
        return now - self.at <= dt.timedelta(seconds=self.fresh_s)


@dataclass(frozen=True)
class _Series:
    id: int
    metric: str
    host: str
    labels: Mapping[str, str]
    fresh_s: int


@dataclass(frozen=True)
class _Round:
    at: int
    series: bytes
    readings: bytes
    pushed: bool


def lines(
    metrics: Sequence[str],
    start: dt.datetime,
    end: dt.datetime,
    step: dt.timedelta,
    agg: Agg = "avg",
    *,
    now: dt.datetime,
    host: str | None = None,
    labels: Mapping[str, str] | None = None,
    summed: Collection[str] = (),
) -> dict[str, Lines]:
    """Each metric's series over [start, end) in steps; `host` and `labels` narrow them. At most two queries.
    Beside averages those `summed` are given as sums.

    Steps begin at multiples of `step` since the epoch, the first at or before `start`. A step finer than what
    is still kept is widened: the answer says which it has. p95 is of raw samples up to two hours, beyond that
    of the means of minutes or hours. Raises TooManySeries.
    """
    step = finest(start, step, now)
    first, width = _us(start) // (step // _MICROSECOND), step // _MICROSECOND
    edges = np.arange(first, -(-_us(end) // width) + 1, dtype=np.int64) * width
    grain = _grain(start, end, step, now)
    found = _gather(metrics, edges, grain, agg, now, host, labels or {}, summed=summed)
    return {metric: Lines(_at(int(edges[0])), step, len(edges) - 1, _lines(found, metric), grain) for metric in metrics}


@dataclass(frozen=True)
class Survey:
    """Many metrics over one window, and each one's newest samples of its last 15 minutes."""

    lines: dict[str, Lines]
    newest: tuple[Newest, ...]


def survey(
    metrics: Sequence[str],
    start: dt.datetime,
    end: dt.datetime,
    step: dt.timedelta,
    *,
    now: dt.datetime,
    host: str | None = None,
) -> Survey:
    """`lines` of means with the values at the window's end, by the same two queries. Raises TooManySeries."""
    step = finest(start, step, now)
    first, width = _us(start) // (step // _MICROSECOND), step // _MICROSECOND
    edges = np.arange(first, -(-_us(end) // width) + 1, dtype=np.int64) * width
    grain = _grain(start, end, step, now)
    found = _gather(metrics, edges, grain, "avg", now, host, {}, newest=True)
    by_metric: dict[str, list[Line]] = {metric: [] for metric in metrics}
    for metric, line in _all_lines(found):
        by_metric[metric].append(line)
    lines = {
        metric: Lines(_at(int(edges[0])), step, len(edges) - 1, tuple(of), grain) for metric, of in by_metric.items()
    }
    return Survey(lines, found.newest)


def daily(
    metrics: Sequence[str],
    zone: str,
    first: dt.date,
    last: dt.date,
    agg: Agg = "avg",
    *,
    now: dt.datetime,
    host: str | None = None,
) -> dict[str, list[tuple[dict[str, str], list[float | None]]]]:
    """Each metric's series by day of `zone`, `first` and `last` included; a day of 23 or 25 hours is one."""
    days = (last - first).days + 2
    midnights = [
        dt.datetime.combine(first + n * DAY, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC) for n in range(days)
    ]
    edges = np.array([_us(one) for one in midnights], np.int64)
    found = _gather(metrics, edges, "hour", agg, now, host, {})
    return {metric: [(dict(line.labels), list(line.values)) for line in _lines(found, metric)] for metric in metrics}


def latest(metrics: Sequence[str], now: dt.datetime, *, host: str | None = None) -> list[Newest]:
    """The newest sample of each series of these metrics in the last 15 minutes, fresh or stale. One query."""
    series, rounds = _series_and_rounds(_Wanted(tuple(metrics), host, {}), now - NEWEST, now + _MICROSECOND)
    return list(_newest(series, *_samples(rounds), now - NEWEST))


def _newest(series: Sequence[_Series], ids: Ints, at: Ints, values: Floats, since: dt.datetime) -> Iterator[Newest]:
    wanted = np.flatnonzero(np.isin(ids, np.array([one.id for one in series], np.int64)) & (at >= _us(since)))
    newest = dict(zip(ids[wanted].tolist(), wanted.tolist(), strict=True))
    for one in series:
        if (place := newest.get(one.id)) is not None:
            yield Newest(one.metric, one.host, one.labels, float(values[place]), _at(int(at[place])), one.fresh_s)


def fresh(metrics: Sequence[str], now: dt.datetime) -> list[Newest]:
    """The fresh samples of now, of every series of these metrics and of every pushed one, in the order in which
    the series were made. One query; as many as there are, so the caller bounds what it does with them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT NULL, NULL, NULL, NULL, NULL, {_ROUND}"  # noqa: S608
            " UNION ALL SELECT id, metric, host, labels::text, fresh_s, NULL, NULL, NULL, NULL, NULL"
            " FROM monitoring_series WHERE custom OR metric = ANY(%(metrics)s)",
            {"metrics": list(metrics), "start": now - NEWEST, "end": now + _MICROSECOND},
        )
        rows = cursor.fetchall()
    ids, at, values = _samples(_in_order([row[5:] for row in rows if row[0] is None]))
    last = dict(zip(ids.tolist(), range(len(ids)), strict=True))
    found = []
    for pk, metric, host, labels, fresh_s, *_rest in sorted(row for row in rows if row[0] in last):
        one = Newest(metric, host, json.loads(labels), float(values[last[pk]]), _at(int(at[last[pk]])), fresh_s)
        if one.is_fresh(now):
            found.append(one)
    return found


def finest(start: dt.datetime, step: dt.timedelta, now: dt.datetime) -> dt.timedelta:
    """`step`, or the next coarser tier's when what is that fine is no longer kept at `start`."""
    if start < now - MINUTES_KEPT and step < HOUR:
        return HOUR
    if start < now - RAW_KEPT and step < MINUTE:
        return MINUTE
    return step


def _grain(start: dt.datetime, end: dt.datetime, step: dt.timedelta, now: dt.datetime) -> Grain:
    if start >= now - RAW_KEPT and (step < MINUTE or end - start <= RAW_WINDOW):
        return "raw"
    if step % DAY == dt.timedelta():
        return "day"
    return "hour" if step % HOUR == dt.timedelta() else "minute"


@dataclass(frozen=True)
class _Found:
    series: list[_Series]
    values: Floats
    newest: tuple[Newest, ...] = ()


def _lines(found: _Found, metric: str) -> tuple[Line, ...]:
    return tuple(line for name, line in _all_lines(found, metric))


def _all_lines(found: _Found, only: str | None = None) -> Iterator[tuple[str, Line]]:
    gaps = np.isnan(found.values).any(axis=1)
    for row, one in enumerate(found.series):
        if only is None or one.metric == only:
            labels = {**({"host": one.host} if one.host else {}), **one.labels}
            values = found.values[row].tolist()
            yield one.metric, Line(labels, tuple(v if v == v else None for v in values) if gaps[row] else tuple(values))


def _gather(
    metrics: Sequence[str],
    edges: Ints,
    grain: Grain,
    agg: Agg,
    now: dt.datetime,
    host: str | None,
    labels: Mapping[str, str],
    *,
    newest: bool = False,
    summed: Collection[str] = (),
) -> _Found:
    start, end = _at(int(edges[0])), min(_at(int(edges[-1])), now + DAY)
    recent = None
    wanted = _Wanted(tuple(metrics), host, labels)
    if grain == "raw":
        series, rounds = _series_and_rounds(wanted, start, end)
        blocks = None
    else:
        # The roll-up may go on meanwhile: what it had done is read with the blocks, the rest from raw samples.
        series, rolled, blocks = _series_and_blocks(wanted, start, end, grain, agg)
        begin = max(start, rolled) if rolled else start
        rounds = _rounds(max(start, min(begin, end - NEWEST)) if newest else begin, end)
        if newest and begin > start:
            recent = _samples(rounds)
            rounds = [one for one in rounds if one.at >= _us(begin)]
    if not series:
        return _Found([], np.zeros((0, len(edges) - 1)))
    table = Table([one.id for one in series], edges, agg)
    if blocks is not None:
        table.add(*blocks)
    ids, at, values = _samples(rounds)
    if len(ids):
        table.add(ids, at, np.ones(len(ids)), values)
    if not newest:
        found = table.values()
        for row, one in enumerate(series):
            if one.metric in summed:
                found[row] = table.sums()[row]
        return _Found(series, found)
    return _Found(series, table.values(), tuple(_newest(series, *(recent or (ids, at, values)), end - NEWEST)))


@dataclass(frozen=True)
class _Wanted:
    """Which series; a host's own and those of no host."""

    metrics: tuple[str, ...]
    host: str | None
    labels: Mapping[str, str]

    SQL = "metric = ANY(%(metrics)s) AND (%(host)s::text IS NULL OR host IN ('', %(host)s)) AND labels @> %(labels)s"

    @property
    def parameters(self) -> dict[str, Any]:
        return {"metrics": list(self.metrics), "host": self.host, "labels": json.dumps(dict(self.labels))}


def _series(rows: Sequence[tuple[Any, ...]]) -> list[_Series]:
    """In order of their ids. Raises TooManySeries."""
    if len(rows) > MOST_SERIES:
        raise TooManySeries(len(rows))
    found = [
        _Series(pk, metric, host, json.loads(labels), fresh_s) for pk, metric, host, labels, fresh_s, *_rest in rows
    ]
    return sorted(found, key=lambda one: one.id)


_ROUND = "(extract(epoch FROM at) * 1000000)::bigint, id, series, readings, pushed FROM monitoring_raw"
_ROUND += " WHERE at >= %(start)s AND at < %(end)s"


def _series_and_rounds(wanted: _Wanted, start: dt.datetime, end: dt.datetime) -> tuple[list[_Series], list[_Round]]:
    """The series, and all rounds in [start, end), in one query: what a page may ask is counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT NULL, NULL, NULL, NULL, NULL, {_ROUND}"  # noqa: S608
            " UNION ALL SELECT id, metric, host, labels::text, fresh_s, NULL, NULL, NULL, NULL, NULL"
            f" FROM monitoring_series WHERE {wanted.SQL}",
            {**wanted.parameters, "start": start, "end": end},
        )
        rows = cursor.fetchall()
    return (
        _series([row for row in rows if row[0] is not None]),
        _in_order([row[5:] for row in rows if row[0] is None]),
    )


def _rounds(start: dt.datetime, end: dt.datetime) -> list[_Round]:
    if start >= end:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_ROUND}", {"start": start, "end": end})
        return _in_order(cursor.fetchall())


def _in_order(rows: Sequence[tuple[Any, ...]]) -> list[_Round]:
    """By time, and within one time as written: a later push of the same sample replaces it."""
    return [_Round(at, series, readings, pushed) for at, _, series, readings, pushed in sorted(rows)]


def _samples(rounds: Sequence[_Round]) -> tuple[Ints, Ints, Floats]:
    """Ids, times in µs and values of all samples of these rounds, in order of time."""
    ids = ints([one.series for one in rounds])
    values = floats([one.readings for one in rounds])
    at = np.repeat(np.array([one.at for one in rounds], np.int64), [len(one.series) // 4 for one in rounds])
    if any(one.pushed for one in rounds):
        kept = last_written(ids, at)
        return ids[kept], at[kept], values[kept]
    return ids, at, values


# What each aggregate needs of a block beside the counts.
_COLUMN: dict[Agg, str] = {"avg": "sums", "sum": "sums", "p95": "sums", "min": "mins", "max": "maxs", "last": "lasts"}
# Table, slots of a block, and how long each is.
_SOURCE: dict[Grain, tuple[str, int, dt.timedelta]] = {
    "minute": ("monitoring_minuteblock", 60, MINUTE),
    "hour": ("monitoring_hourblock", 24, HOUR),
    "day": ("monitoring_dayblock", 31, DAY),
}


def _series_and_blocks(
    wanted: _Wanted, start: dt.datetime, end: dt.datetime, grain: Grain, agg: Agg
) -> tuple[list[_Series], dt.datetime | None, tuple[Ints, Ints, Floats, Floats] | None]:
    """The series, how far the roll-up is, and what it made of [start, end): ids, times, counts and values.

    The server puts the blocks of a series together: some hundred rows travel and not some thousand.
    """
    table, slots, unit = _SOURCE[grain]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NULL, NULL, NULL, NULL, series_id, count(*),"  # noqa: S608
            "   string_agg(int8send((extract(epoch FROM at) * 1000000)::bigint), '' ORDER BY at),"
            f"  string_agg(counts, '' ORDER BY at), string_agg({_COLUMN[agg]}, '' ORDER BY at)"
            f" FROM {table} WHERE series_id IN (SELECT id FROM monitoring_series WHERE {wanted.SQL})"
            "   AND at > %(start)s AND at < %(end)s GROUP BY series_id"
            " UNION ALL SELECT id, metric, host, labels::text, fresh_s, NULL, NULL, NULL, NULL"
            f" FROM monitoring_series WHERE {wanted.SQL}"
            " UNION ALL SELECT 0, NULL, NULL, NULL, NULL, (extract(epoch FROM max(rolled_until)) * 1000000)::bigint,"
            "   NULL, NULL, NULL FROM monitoring_rollup",
            {**wanted.parameters, "start": start - slots * unit, "end": end},
        )
        rows = cursor.fetchall()
    series = _series([row for row in rows if row[0]])
    rolled = next(row[5] for row in rows if row[0] == 0)
    blocks = [row[4:] for row in rows if row[0] is None]
    return series, None if rolled is None else _at(rolled), _unpacked(blocks, slots, unit) if blocks else None


def _unpacked(rows: Sequence[tuple[Any, ...]], slots: int, unit: dt.timedelta) -> tuple[Ints, Ints, Floats, Floats]:
    owners, many, starts, counts, values = zip(*rows, strict=True)
    begins = np.frombuffer(b"".join(starts), ">i8").astype(np.int64)
    offsets = np.arange(slots, dtype=np.int64) * (unit // _MICROSECOND)
    return (
        np.repeat(np.array(owners, np.int64), np.array(many) * slots),
        (begins[:, None] + offsets).ravel(),
        ints(counts).astype(np.float64),
        floats(values),
    )


def _us(at: dt.datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _at(us: int) -> dt.datetime:
    return _EPOCH + us * _MICROSECOND
