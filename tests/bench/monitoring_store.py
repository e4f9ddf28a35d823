"""The store of metrics beside a plain table with a row a sample: insert rate, bytes on disk, charts.

200 series, one round every 10 s since the beginning of yesterday, values like those of a host: percentages
of one decimal, whole bytes, counts that rarely change. History is the same days again, back to two years.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

SERIES, EVERY_S, CALLS = 200, 10, 30
UTC = dt.UTC


def run() -> list[dict[str, Any]]:
    from django.utils import timezone

    now = timezone.now().replace(minute=30, second=0, microsecond=0)
    start = now.replace(hour=0, minute=0) - dt.timedelta(days=1)
    samples = SERIES * int((now - start).total_seconds() / EVERY_S)
    results = [*_insert(start, now, samples), *_sizes(samples)]
    _history(now)
    return [*results, *_charts(now)]


def _values(number: int) -> Callable[[float], float]:
    """The value of a series at a time of day in seconds."""
    dice = random.Random(number)
    kind = number % 4
    if kind == 0:
        return lambda at: round(40 + 30 * math.sin(at / 13_000) + dice.gauss(0, 8), 1)
    if kind == 1:
        return lambda at: float(8_000_000_000 + dice.randrange(4096) * 65_536)
    if kind == 2:
        return lambda at: float(dice.random() < 0.02)
    return lambda at: round(dice.expovariate(1 / 40_000), 3)


def _rounds(start: dt.datetime, now: dt.datetime) -> Iterator[tuple[dt.datetime, list[Any]]]:
    from monitoring.store import Sampled

    series = [(f"bench.m{number % 20}", {"n": str(number // 20)}, _values(number)) for number in range(SERIES)]
    at = start
    while at < now:
        seconds = at.timestamp()
        yield at, [Sampled(metric, value(seconds), labels) for metric, labels, value in series]
        at += dt.timedelta(seconds=EVERY_S)


def _insert(start: dt.datetime, now: dt.datetime, samples: int) -> list[dict[str, Any]]:
    """One round a transaction, as a collector writes; the peer inserts the same rounds as rows."""
    from monitoring.store import rolling
    from monitoring.store.writing import write_rounds

    rounds = list(_rounds(start, now))
    few = rounds[-600:]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE plain (series_id int, at timestamptz, value float8)")
        cursor.execute("CREATE INDEX ON plain (series_id, at)")
        begun = time.perf_counter()
        for at, taken in few:
            cursor.execute(
                "INSERT INTO plain SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::float8[])",
                [list(range(len(taken))), [at] * len(taken), [one.value for one in taken]],
            )
        plain = len(few) * SERIES / (time.perf_counter() - begun)
    begun = time.perf_counter()
    for at, taken in rounds:
        write_rounds("", [(at, taken)], custom=True)
    ours = samples / (time.perf_counter() - begun)
    begun = time.perf_counter()
    hours = rolling.roll_up(now)
    rolled = (time.perf_counter() - begun) * 1000 / max(1, hours)
    return [
        _row("store: samples written a second", ours, "1/s", "a row a sample", plain),
        _row(f"store: an hour of {SERIES} series rolled up", rolled, "ms"),
    ]


def _sizes(samples: int) -> list[dict[str, Any]]:
    """Bytes on disk, indexes included, by sample taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain SELECT n %% 200, now() - n * interval '1 s', random() FROM generate_series(1, %s) n",
            [samples],
        )
        cursor.execute("SELECT pg_total_relation_size('plain')::float8 / count(*) FROM plain")
        plain = float(cursor.fetchone()[0])
        found = {}
        for name in ("raw", "minuteblock", "hourblock", "dayblock"):
            cursor.execute(
                "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = %s::regclass",
                [f"monitoring_{name}"],
            )
            found[name] = float(cursor.fetchone()[0])
        cursor.execute("DROP TABLE plain")
    coarse = found["hourblock"] + found["dayblock"]
    return [
        _row("store: raw, bytes a sample", found["raw"] / samples, "B", "a row a sample", plain),
        _row("store: minutes, bytes a sample", found["minuteblock"] / samples, "B", "a row a sample", plain),
        _row(
            "store: hours and days, bytes a sample",
            coarse / samples,
            "B",
            "a row a sample",
            plain,
        ),
    ]


def again(now: dt.datetime) -> None:
    """What is rolled up of yesterday again, every day back to two years; its minutes back to 30 days."""
    from django.db import connections

    from monitoring import partitions, store

    owner = connections["owner"]
    partitions.ensure_for("owner", store.HOURS, now - dt.timedelta(days=740), now)
    partitions.ensure_for("owner", store.DAYS, now - dt.timedelta(days=770), now)
    partitions.ensure_for("owner", store.MINUTES, now - dt.timedelta(days=31), now)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=1)
    packed = "counts, sums, mins, maxs, lasts"
    first = day.replace(day=1)
    with owner.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO monitoring_hourblock SELECT series_id, at - n * interval '1 day', {packed}"
            " FROM monitoring_hourblock, generate_series(2, 728) n WHERE at = %s",
            [day],
        )
        # Every day of a month as yesterday: what is packed are 31 slots, of 4 bytes for counts, 8 for the rest.
        # `0 * k` keeps the aggregate one of the slots, not of the rows around it.
        whole = ", ".join(
            f"(SELECT string_agg(substring({name} FROM {size} * %(slot)s + 1 + 0 * k FOR {size}), '')"
            " FROM generate_series(1, 31) AS k)"
            for name, size in (("counts", 4), ("sums", 8), ("mins", 8), ("maxs", 8), ("lasts", 8))
        )
        cursor.execute(
            f"INSERT INTO monitoring_dayblock SELECT series_id, at - n * interval '1 month', {whole}"
            " FROM monitoring_dayblock, generate_series(1, 24) n WHERE at = %(first)s",
            {"slot": day.day - 1, "first": first},
        )
        cursor.execute(
            f"INSERT INTO monitoring_minuteblock SELECT series_id, at - n * interval '1 day', {packed}"
            " FROM monitoring_minuteblock, generate_series(2, 29) n WHERE at >= %s AND at < %s",
            [day, day + dt.timedelta(days=1)],
        )
        for table in ("monitoring_hourblock", "monitoring_minuteblock", "monitoring_dayblock"):
            cursor.execute(f"ANALYZE {table}")


def _history(now: dt.datetime) -> None:
    """The history of the store, and a plain table of hours."""
    from django.db import connections

    again(now)
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE plain_hours AS SELECT s AS series_id, at, random() AS value FROM generate_series(1, 200) s,"
            " generate_series(%s::timestamptz, %s, '1 hour') at",
            [now - dt.timedelta(days=30), now],
        )
        cursor.execute("CREATE INDEX ON plain_hours (series_id, at)")
        cursor.execute("GRANT SELECT ON plain_hours TO PUBLIC")
        cursor.execute("ANALYZE plain_hours")
    owner.close()


def _charts(now: dt.datetime) -> list[dict[str, Any]]:
    from django.test import Client

    from core.models import RoleGrant, User
    from monitoring.store import reading

    person = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=None)
    browser = Client()
    browser.force_login(person)
    metrics = [f"bench.m{number}" for number in range(20)]

    def chart(days: float, step: dt.timedelta) -> Callable[[], Any]:
        return lambda: reading.lines(metrics, now - dt.timedelta(days=days), now, step, "avg", now=now)

    def plain() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT series_id, floor(extract(epoch FROM at) / 14400) AS step, avg(value) FROM plain_hours"
                " WHERE at >= %s AND at < %s GROUP BY series_id, step ORDER BY series_id, step",
                [now - dt.timedelta(days=30), now],
            )
            cursor.fetchall()

    def api() -> None:
        begun = (now - dt.timedelta(days=30)).isoformat()
        answer = browser.get("/api/metrics/query", {"metric": "bench.m1", "from": begun, "to": now.isoformat()})
        assert answer.status_code == 200, answer.content

    hours = dt.timedelta(hours=1)
    peer = p95(plain)
    return [
        _row("store: 30 days of 200 series, a step 4 h", p95(chart(30, 4 * hours)), "ms p95", "a row an hour", peer),
        _row("store: 15 minutes of 200 series, raw", p95(chart(1 / 96, hours / 120)), "ms p95"),
        _row("store: a day of 200 series, a step 10 min", p95(chart(1, hours / 6)), "ms p95"),
        _row("store: 2 years of 200 series, a step 3 d", p95(chart(729, 72 * hours)), "ms p95"),
        _row("store: query API, 30 days of 10 series", p95(api), "ms p95"),
    ]


def p95(call: Callable[[], Any], calls: int = CALLS) -> float:
    """Milliseconds of a call, three to warm up not counted."""
    took = []
    for _ in range(calls + 3):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.quantiles(took[3:], n=20)[-1]


def _row(name: str, value: float, unit: str, peer: str = "", peer_value: float | None = None) -> dict[str, Any]:
    ratio = None if peer_value is None else value / peer_value
    return {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}
