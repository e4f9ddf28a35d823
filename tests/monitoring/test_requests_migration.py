"""The request minutes of the first version are carried over, and back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from monitoring.models import EndpointMinute
from monitoring.requests import histogram

NOW = dt.datetime(2026, 11, 24, 15, 21, tzinfo=dt.UTC)
EMPTY = [0] * 66
TARGET, FIRST = [("monitoring", "0005_requests_contract")], [("monitoring", "0002_store")]


def _migrate(target: list[tuple[str, str]]) -> None:
    MigrationExecutor(connections["owner"]).migrate(target)


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_minutes_of_the_first_version_are_carried_over_and_back() -> None:
    _migrate(FIRST)
    # 20 ms lies in (19.03, 22.63], 90 s beyond the last bound.
    buckets = [*EMPTY]
    buckets[22], buckets[65] = 3, 1
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_requestminute"
            " (minute, host, method, route, status, count, total_ms, max_ms, buckets)"
            " VALUES (%s, 'web', 'GET', '/a', 200, 4, 90060.25, 90000, %s)",
            [NOW - dt.timedelta(days=20), buckets],
        )
    _migrate(TARGET)
    row = EndpointMinute.objects.get()
    assert (row.minute, row.status, row.host) == (NOW - dt.timedelta(days=20), 200, "web")
    assert (row.count, row.total_us, row.max_us) == (4, 90_060_250, 90_000_000)
    counts = histogram.unpack(1, [])
    counts[0, row.slots] = row.counts
    p50, p100 = histogram.quantiles(counts, (0.5, 1.0))[0]
    assert p50 == pytest.approx(20, rel=0.14)
    assert p100 == pytest.approx(90_000, rel=0.05)
    _migrate(FIRST)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT method, route, status, count, total_ms, max_ms, buckets FROM monitoring_requestminute")
        (back,) = cursor.fetchall()
    assert back == ("GET", "/a", 200, 4, 90060.25, 90000.0, buckets)
    _migrate(TARGET)
