"""Writing rounds of samples. Cheap on purpose: one row a round, whatever the number of series."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from monitoring.store.packing import pack_floats, pack_ints

# Held shared by writers, and exclusively for a moment by the roll-up when it closes an hour.
LOCK = 7_016_001
# Ids of series never change, so a process may know them.
_MOST_KNOWN = 50_000

type Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Sampled:
    """One value of a metric at the time of its round, in the metric's unit. A gap is a sample not made."""

    metric: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


_known: dict[Key, int] = {}


def forget() -> None:
    """Drops what this process knows of series: another database, or series that were deleted."""
    _known.clear()


def forget_series(metric: str, labels: Iterable[Mapping[str, str]]) -> None:
    """Drops what this process knows of these custom series: another process may have deleted them."""
    for one in labels:
        _known.pop((metric, "", _text(one)), None)


def write(host: str, at: dt.datetime, samples: Iterable[Sampled], *, once: str = "") -> int:
    """Keeps one round of samples taken at `at` on `host` ("" for what belongs to none); returns how many.

    NaN and infinity are no measurement and are left out. With a key in `once`, a round that was already
    written with the same key and time is not written again, so that a write may safely be retried.
    """
    return write_rounds(host, [(at, samples)], once=once)


def write_rounds(
    host: str,
    rounds: Iterable[tuple[dt.datetime, Iterable[Sampled]]],
    *,
    custom: bool = False,
    fresh_s: int = 30,
    once: str = "",
) -> int:
    """`write` for several rounds in one transaction."""
    taken = [(at, [one for one in samples if math.isfinite(one.value)]) for at, samples in rounds]
    taken = [(at, samples) for at, samples in taken if samples]
    if not taken:
        return 0
    keys = {(one.metric, host, _text(one.labels)) for _, samples in taken for one in samples}
    with transaction.atomic():
        ids = _ids(keys, custom, fresh_s)
        rows = [
            (
                at,
                pack_ints([ids[one.metric, host, _text(one.labels)] for one in samples]),
                pack_floats([one.value for one in samples]),
            )
            for at, samples in taken
        ]
        _insert(rows, custom, once)
    return sum(len(samples) for _, samples in taken)


def _text(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True) if labels else "{}"


def _ids(keys: set[Key], custom: bool, fresh_s: int) -> dict[Key, int]:
    """Ids of the series, made where they are new; inside the caller's transaction."""
    missing = [key for key in keys if key not in _known]
    if not missing:
        return _known
    found = _find(missing, custom, fresh_s)

    def remember() -> None:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        _known.update(found)

    # Not before: a rolled back insert must not leave an id behind that nobody has.
    transaction.on_commit(remember)
    return {key: _known[key] for key in keys if key in _known} | found


def _find(keys: Sequence[Key], custom: bool, fresh_s: int) -> dict[Key, int]:
    metrics, hosts, labels = (list(column) for column in zip(*sorted(keys), strict=True))
    with connection.cursor() as cursor:
        # In one order, so that two processes that meet new series never wait in a circle.
        cursor.execute(
            "INSERT INTO monitoring_series (metric, host, labels, custom, fresh_s, created_at)"
            " SELECT metric, host, labels::jsonb, %s, %s, now()"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (metric, host, labels)"
            " WHERE NOT EXISTS (SELECT FROM monitoring_series AS kept WHERE kept.metric = new.metric"
            "   AND kept.host = new.host AND kept.labels = new.labels::jsonb)"
            " ON CONFLICT DO NOTHING",
            [custom, fresh_s, metrics, hosts, labels],
        )
        cursor.execute(
            "SELECT new.metric, new.host, new.labels, kept.id"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (metric, host, labels)"
            " JOIN monitoring_series AS kept ON kept.metric = new.metric AND kept.host = new.host"
            "   AND kept.labels = new.labels::jsonb",
            [metrics, hosts, labels],
        )
        return {(metric, host, text): pk for metric, host, text, pk in cursor.fetchall()}


def _insert(rows: list[tuple[dt.datetime, bytes, bytes]], pushed: bool, once: str) -> None:
    times, series, readings = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
        cursor.execute(
            "WITH late AS (INSERT INTO monitoring_latehour (hour)"
            "   SELECT DISTINCT date_trunc('hour', at, 'UTC') FROM unnest(%(times)s::timestamptz[]) AS taken (at)"
            "   WHERE at < (SELECT max(closed_until) FROM monitoring_rollup) ON CONFLICT DO NOTHING)"
            " INSERT INTO monitoring_raw (at, series, readings, pushed, once)"
            " SELECT at, series, readings, %(pushed)s, %(once)s"
            " FROM unnest(%(times)s::timestamptz[], %(series)s::bytea[], %(readings)s::bytea[])"
            "   AS taken (at, series, readings) ON CONFLICT DO NOTHING",
            {"times": times, "series": series, "readings": readings, "pushed": pushed, "once": once},
        )
