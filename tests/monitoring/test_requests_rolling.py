"""Minutes are added up exactly, whenever the roll-up runs."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from django.db import connection, connections

from core.people.access import Denied, Viewer
from monitoring import partitions, recording
from monitoring.models import EndpointHour, EndpointMark, EndpointMinute, EndpointPeriod, EndpointRoll
from monitoring.requests import MINUTES, histogram, queries, rolling, tiers
from monitoring.requests.tiers import DAY, HOUR, MINUTE
from monitoring.windows import floor

pytestmark = pytest.mark.django_db
# A Tuesday; the 28 days of its period began on 26 October 2026 UTC.
NOW = dt.datetime(2026, 11, 24, 15, 21, 4, tzinfo=dt.UTC)
SYSTEM = Viewer(None, "test", "", (), kind="system")
ROUTES = ("/a", "/b", "/api/health")


def _count(at: dt.datetime, route: str = "/a", status: int = 200, ms: float = 20.0) -> None:
    recording.requests.add(route, "GET", status, ms, at.timestamp())


def _scatter(days: float, number: int, seed: int = 1) -> list[tuple[dt.datetime, str, int, float]]:
    """Requests over the days before NOW, written; and what they were."""
    dice = random.Random(seed)
    made = [
        (
            NOW - dice.random() * days * DAY,
            dice.choice(ROUTES),
            dice.choice((200, 200, 404, 500)),
            round(dice.lognormvariate(3, 1), 3),
        )
        for _ in range(number)
    ]
    for one in made:
        _count(*one)
    recording.flush()
    return made


def _contents() -> dict[str, list[Any]]:
    fields = ("endpoint_id", "at", "count", "total_us", "max_us", "errors", "refused", "statuses", "by_status")
    return {
        "hours": sorted(EndpointHour.objects.values_list(*fields, "slots", "counts")),
        "periods": sorted(EndpointPeriod.objects.values_list("days", *fields, "slots", "counts")),
        "minutes": sorted(
            EndpointMinute.objects.filter(host="").values_list(
                "minute", "status", "count", "total_us", "slots", "counts"
            )
        ),
    }


def test_every_tier_equals_a_recomputation_from_what_was_counted() -> None:
    made = _scatter(40, 1500)
    rolling.roll(NOW)
    cutoff = floor(NOW, MINUTE)
    by_id = {number: route for number, _method, route in _endpoints()}
    for span, rows in (
        (HOUR, EndpointHour.objects.all()),
        *((days * DAY, EndpointPeriod.objects.filter(days=days)) for days in (1, 7, 28)),
    ):
        expected: dict[tuple[str, dt.datetime], list[tuple[int, float]]] = {}
        for at, route, status, ms in made:
            if at < cutoff:
                for name in [route] + ([""] if route != "/api/health" else []):
                    expected.setdefault((name, floor(at, span)), []).append((status, ms))
        assert {(by_id[row.endpoint_id], row.at) for row in rows} == set(expected)
        for row in rows:
            of = expected[by_id[row.endpoint_id], row.at]
            assert row.count == len(of)
            assert row.total_us == sum(round(ms * 1000) for _status, ms in of)
            assert row.max_us == max(round(ms * 1000) for _status, ms in of)
            assert row.errors == sum(status >= 500 for status, _ms in of)
            assert row.refused == sum(400 <= status < 500 for status, _ms in of)
            assert dict(zip(row.statuses, row.by_status, strict=True)) == Counter(status for status, _ms in of)
            assert dict(zip(row.slots, row.counts, strict=True)) == Counter(histogram.slot(ms) for _status, ms in of)


def _endpoints() -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, method, route FROM monitoring_endpoint")
        return list(cursor.fetchall())


def test_rolled_each_hour_each_day_or_once_gives_the_same() -> None:
    made = _scatter(3, 400)
    rolling.roll(NOW)
    once = _contents()
    for model in (EndpointHour, EndpointPeriod, EndpointRoll, EndpointMark):
        model.objects.all().delete()
    EndpointMinute.objects.all().delete()
    # The same requests come as they happened; the roller stands still from 30 to 5 hours before the end.
    made.sort()
    at = NOW - 3 * DAY
    while at <= NOW:
        for one in made:
            if at - HOUR <= one[0] < at:
                _count(*one)
        recording.flush()
        if not NOW - 30 * HOUR < at < NOW - 5 * HOUR:
            rolling.roll(at)
        at += HOUR
    for one in made:
        if one[0] >= at - HOUR:
            _count(*one)
    recording.flush()
    rolling.roll(NOW)
    assert _contents() == once
    assert rolling.roll(NOW) <= 1
    assert _contents() == once


def test_late_write_into_a_closed_hour_is_rolled_up_again() -> None:
    _scatter(2, 50)
    rolling.roll(NOW)
    late = NOW - 30 * HOUR
    _count(late, ms=7.0)
    recording.flush()
    assert rolling.complete_until() == floor(late, HOUR)
    before = sum(EndpointPeriod.objects.filter(days=28).values_list("count", flat=True))
    rolling.roll(NOW)
    assert sum(EndpointPeriod.objects.filter(days=28).values_list("count", flat=True)) == before + 2  # and all
    assert rolling.complete_until() == floor(NOW, MINUTE)
    assert not EndpointMark.objects.exists()


def test_clock_that_was_set_back_undoes_nothing() -> None:
    _scatter(1, 30)
    rolling.roll(NOW)
    once = _contents()
    rolling.roll(NOW - 5 * HOUR)
    assert EndpointRoll.objects.get().until == floor(NOW, MINUTE)
    rolling.roll(NOW)
    assert _contents() == once


@pytest.mark.django_db(transaction=True)
def test_one_process_rolls_up_at_a_time() -> None:
    _count(NOW - HOUR)
    recording.flush()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [rolling._LOCK])
        assert rolling.roll(NOW) == 0
        assert not EndpointHour.objects.exists()
    finally:
        other.close()


@pytest.mark.parametrize("length", [HOUR, 5 * HOUR, 26 * HOUR, 9 * DAY, 33 * DAY, 100 * DAY])
@pytest.mark.parametrize("rolled_ago", [None, 50 * MINUTE])
@pytest.mark.parametrize("until_ago", [dt.timedelta(0), 3 * DAY + 7 * HOUR])
def test_any_window_counts_each_request_once(
    length: dt.timedelta, rolled_ago: dt.timedelta | None, until_ago: dt.timedelta
) -> None:
    made = _scatter(120, 600)
    if rolled_ago is not None:
        rolling.roll(NOW - rolled_ago)
    else:
        rolling.roll(NOW)
        made += _recent()
    end = NOW - until_ago
    found = queries.endpoints(SYSTEM, end - length, end, NOW)
    assert found.cover.start <= end - length
    assert found.cover.end >= end
    for row in found.rows:
        of = [one for one in made if one[1] == row.route and found.cover.start <= one[0] < found.cover.end]
        assert row.now.count == len(of)
        assert row.now.errors == sum(one[2] >= 500 for one in of)
        assert row.now.max_ms == max(one[3] for one in of)
    assert {row.route for row in found.rows} == {
        one[1] for one in made if found.cover.start <= one[0] < found.cover.end
    }


def _recent() -> list[tuple[dt.datetime, str, int, float]]:
    """Counted after the roll-up, in the minute that it left."""
    made = [(NOW - dt.timedelta(seconds=3), "/a", 200, 4.0)]
    _count(*made[0])
    recording.flush()
    return made


def test_roll_up_that_stands_still_is_told_and_reads_three_hours_at_most() -> None:
    _scatter(2, 100)
    rolling.roll(NOW - DAY)
    found = queries.endpoints(SYSTEM, NOW - 30 * HOUR, NOW, NOW)
    assert found.cover.end == floor(NOW - DAY, MINUTE) + tiers.LONGEST_TAIL


def test_window_before_is_beside_it() -> None:
    for at, ms in ((NOW - 30 * MINUTE, 20), (NOW - 90 * MINUTE, 50), (NOW - 100 * MINUTE, 50)):
        _count(at, ms=ms)
    recording.flush()
    (row,) = queries.endpoints(SYSTEM, NOW - HOUR, NOW, NOW).rows
    assert row.before
    assert (row.now.count, row.before.count, row.now.mean_ms, row.before.mean_ms) == (1, 2, 20, 50)
    assert row.now.per_s == pytest.approx(1 / 3600, rel=0.03)


def test_tasks_are_apart_from_requests() -> None:
    for outcome in ("success", "success", "failure", "retry", "revoked", "no such outcome"):
        recording.tasks.add("app.tasks.work", outcome, 40.0, NOW.timestamp() - 60)
    recording.flush()
    rolling.roll(NOW)
    (row,) = queries.tasks(SYSTEM, NOW - HOUR, NOW, NOW).rows
    assert (row.route, row.now.count, row.now.errors, row.now.refused) == ("app.tasks.work", 6, 2, 1)
    assert queries.endpoints(SYSTEM, NOW - HOUR, NOW, NOW).rows == ()


def test_who_may_not_see_monitoring_is_denied() -> None:
    with pytest.raises(Denied):
        queries.endpoints(Viewer(1, "", "", ()), NOW - HOUR, NOW, NOW)


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_minutes_are_dropped_whole_and_never_before_they_are_rolled_up() -> None:
    old = NOW - 32 * DAY
    partitions.ensure_for("owner", MINUTES, old, old)
    _count(old)
    recording.flush()
    assert MINUTES.name(MINUTES.floor(old)) not in partitions.drop("owner", NOW)
    rolling.roll(NOW)
    assert MINUTES.name(MINUTES.floor(old)) in partitions.drop("owner", NOW)
    (row,) = queries.endpoints(SYSTEM, NOW - 40 * DAY, NOW, NOW).rows
    assert row.now.count == 1
