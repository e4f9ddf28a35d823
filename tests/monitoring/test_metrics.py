"""The measured figures: computed from what was really sampled, unknown when nothing was."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from cache.backend import counts
from core import metrics as registry
from core.metrics import Reading, State, Where
from core.models import User
from monitoring import health, recording, store, tasks
from monitoring.health import Outcome, Status
from monitoring.models import EndpointMinute, Sample, Span
from monitoring.store import Sampled

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0, second=0)
GROUP = Where(None, "America/Sao_Paulo")
NAMES = (
    "response_time_ms",
    "error_rate_pct",
    "cpu_pct",
    "memory_pct",
    "db_connections",
    "cache_hit_rate_pct",
    "uptime_pct",
)


def _read(name: str, at: dt.datetime = NOW) -> Reading:
    return registry.read([name], GROUP, at)[name]


def _sample(name: str, seconds_ago: float, value: float, host: str = "a") -> None:
    store.write(host, NOW - dt.timedelta(seconds=seconds_ago), [Sampled(name, value)])


@pytest.mark.parametrize("name", NAMES)
def test_without_samples_a_figure_is_unknown_and_not_zero(name: str) -> None:
    reading = _read(name)
    assert (reading.value, reading.state) == (None, State.NO_DATA)
    series = registry.get(name).series
    assert series is not None
    assert [point.value for point in series(GROUP, name, dt.date(2026, 3, 9), dt.date(2026, 3, 10))] == [None, None]


def test_mean_of_the_last_hour_and_nothing_older() -> None:
    for ago, value in ((3700, 100), (3000, 10), (5, 30)):
        _sample("cpu_pct", ago, value)
    reading = _read("cpu_pct")
    assert (reading.value, reading.state) == (Decimal("20.00"), State.KNOWN)


def test_figure_is_stale_after_three_intervals() -> None:
    _sample("memory_pct", 31, 50)
    assert _read("memory_pct").state is State.STALE
    _sample("memory_pct", 30, 50)
    assert _read("memory_pct").state is State.KNOWN


def test_connections_are_those_of_the_newest_sample() -> None:
    for ago, value in ((20, 9), (10, 4)):
        _sample("db_connections", ago, value)
    assert _read("db_connections").value == 4


def test_past_is_answered_from_what_was_known_then() -> None:
    _sample("cpu_pct", 7200, 80)
    _sample("cpu_pct", 5, 10)
    assert _read("cpu_pct", NOW - dt.timedelta(seconds=7195)).value == 80
    assert _read("cpu_pct", NOW - dt.timedelta(days=1)).value is None


def test_requests_are_counted_by_route_and_never_by_path(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    for path in ("/api/jobs/0198a1f0-0000-7000-8000-000000000001", "/api/jobs/0198a1f0-0000-7000-8000-000000000002"):
        client.get(path)
    client.get("/no/such/page")
    client.get("/api/health")
    recording.flush()
    with connection.cursor() as cursor:
        cursor.execute(
            # Of one minute or two: the clock goes on.
            "SELECT route, method, status, sum(count) FROM monitoring_endpointminute"
            " JOIN monitoring_endpoint ON id = endpoint_id GROUP BY route, method, status"
        )
        rows = {tuple(row[:3]): row[3] for row in cursor.fetchall()}
    assert sum(rows.values()) == 4
    (job_route,) = [route for route, _method, status in rows if "job_id" in route and status == 404]
    assert rows[job_route, "GET", 404] == 2
    assert rows["(no route)", "GET", 404] == 1
    assert rows["/api/health", "GET", 200] == 1


def _requests(*durations: tuple[str, int, float]) -> None:
    for route, status, ms in durations:
        recording.requests.add(route, "GET", status, ms, NOW.timestamp() - 120)


def test_response_time_and_errors_are_of_what_people_wait_for() -> None:
    _requests(("/a", 200, 10), ("/a", 200, 20), ("/b", 500, 60), ("/b", 404, 30))
    _requests(("/api/health", 200, 1), ("(static)", 200, 1), ("/api/system/health", 503, 9000))
    recording.flush()
    assert _read("response_time_ms").value == 30
    assert _read("error_rate_pct").value == 25
    assert _read("error_rate_pct").parts == {"requests": 4, "errors": 1, "refused": 1}


def test_counts_of_several_processes_merge_exactly() -> None:
    _requests(("/a", 200, 10), ("/a", 200, 1000))
    recording.flush()
    _requests(("/a", 200, 100))
    recording.flush()
    row = EndpointMinute.objects.get()
    assert (row.count, row.total_us, row.max_us, sum(row.counts)) == (3, 1_110_000, 1_000_000, 3)
    assert row.slots == sorted(row.slots)


def test_counts_wait_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(rows: object) -> None:
        raise OSError("away")

    _requests(("/a", 200, 10))
    with monkeypatch.context() as patch:
        patch.setattr(recording, "_write_counts", refuse)
        with pytest.raises(OSError, match="away"):
            recording.flush()
    _requests(("/a", 200, 10))
    recording.flush()
    assert EndpointMinute.objects.get().count == 2


def test_cache_hit_rate_is_hits_of_look_ups() -> None:
    counts.take()
    cache.set("present", 1)
    for key in ("present", "present", "present", "absent"):
        cache.get(key)
    recording.flush(NOW)
    reading = _read("cache_hit_rate_pct")
    assert reading.value == 75
    assert (reading.parts["hits"], reading.parts["lookups"]) == (3, 4)


def test_servers_own_rate_is_of_the_rates_that_were_sampled() -> None:
    for ago, hits, misses in ((30, 3, 1), (20, 0, 0), (10, 6, 2)):
        _sample("redis.hits", ago, hits)
        _sample("redis.misses", ago, misses)
    assert _read("cache_hit_rate_pct").parts["server_hit_rate_pct"] == Decimal("75.00")


def _span(status: str, since_h: float, until_h: float) -> None:
    Span.objects.create(
        name="", status=status, since=NOW - dt.timedelta(hours=since_h), until=NOW - dt.timedelta(hours=until_h)
    )


def test_uptime_counts_unobserved_time_as_down_and_shows_it_apart() -> None:
    _span("ok", 10, 6)
    _span("degraded", 6, 5)
    _span("down", 5, 4)
    _span("ok", 2, -0.01)  # from 4 to 2 hours ago nobody looked
    reading = _read("uptime_pct")
    assert reading.value == Decimal("70.000")
    assert reading.parts["unobserved_s"] == 7200
    assert reading.parts["down_s"] == 3600
    assert "20" in reading.note


def test_uptime_looks_back_thirty_days_at_most() -> None:
    _span("down", 24 * 40, 24 * 30)
    _span("ok", 24 * 30, 0)
    assert _read("uptime_pct").value == 100
    assert _read("uptime_pct", NOW - dt.timedelta(days=35)).value == 0


def test_uptime_of_each_day_ends_at_the_days_of_the_zone() -> None:
    Span.objects.create(
        name="",
        status="ok",
        since=dt.datetime(2026, 3, 8, 15, 0, tzinfo=dt.UTC),  # noon in São Paulo
        until=dt.datetime(2026, 3, 9, 15, 0, tzinfo=dt.UTC),
    )
    series = registry.get("uptime_pct").series
    assert series is not None
    points = series(GROUP, "uptime_pct", dt.date(2026, 3, 7), dt.date(2026, 3, 9))
    assert [point.value for point in points] == [None, Decimal("100.000"), Decimal("50.000")]


def test_uptime_follows_the_rounds_that_were_made() -> None:
    for seconds in range(0, 300, 30):
        bad = Status.DOWN if seconds in (120, 150) else Status.OK
        at = NOW - dt.timedelta(seconds=300 - seconds)
        health.keep([Outcome("database", Status.OK), Outcome("redis", bad), Outcome("api", Status.OK)], at)
    reading = _read("uptime_pct")
    assert reading.value == Decimal("80.000")
    assert reading.parts["unobserved_s"] == 0


def test_old_measurements_are_dropped_and_young_ones_kept() -> None:
    now = timezone.now()
    for hours in (49, 47):
        Sample.objects.create(host="a", at=now - dt.timedelta(hours=hours), name="cpu_pct", value=1)
    assert tasks.tidy() == "1 rows"
    assert Sample.objects.count() == 1
