"""Figures of the requests: over the last hour, by day, and in steps over any window."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import metrics as registry
from core.metrics import Where, Window
from monitoring import recording
from monitoring.metrics.requests import request_lines
from monitoring.requests import rolling, series, tiers
from monitoring.requests.tiers import DAY, HOUR, MINUTE
from monitoring.windows import floor

pytestmark = pytest.mark.django_db
GROUP = Where(None, "America/Sao_Paulo")
NAMES = (
    "response_time_ms",
    "response_time_p50_ms",
    "response_time_p95_ms",
    "response_time_p99_ms",
    "requests_per_s",
    "error_rate_pct",
    "errors_4xx_pct",
)


def _count(at: dt.datetime, status: int = 200, ms: float = 20.0, route: str = "/a") -> None:
    recording.requests.add(route, "GET", status, ms, at.timestamp())


@pytest.mark.parametrize("rolled", [False, True])
def test_figures_of_the_last_hour_whether_rolled_up_or_not(rolled: bool) -> None:
    now = timezone.now()
    for number in range(100):
        _count(now - (1 + number % 50) * MINUTE, 500 if number < 2 else 404 if number < 7 else 200, float(1 + number))
    _count(now - 10 * MINUTE, 503, 90_000, "/api/health")
    _count(now - 70 * MINUTE, 500, 90_000)
    recording.flush()
    if rolled:
        rolling.roll(now - 5 * MINUTE)
    with CaptureQueriesContext(connection) as queries:
        found = {name: one.value for name, one in registry.read(NAMES, GROUP, now).items()}
    assert len(queries) == 1
    assert found["response_time_ms"] == Decimal("50.50")
    assert found["error_rate_pct"] == 2
    assert found["errors_4xx_pct"] == 5
    assert found["requests_per_s"] == Decimal("0.0278")
    for name, exact in (("50", 50), ("95", 95), ("99", 99)):
        value = found[f"response_time_p{name}_ms"]
        assert value is not None
        assert abs(float(value) - exact) / exact < 0.0444


def test_each_day_has_its_own_figure_in_the_zone_of_whoever_asks() -> None:
    now = timezone.now()
    evening = floor(now, DAY) - 3 * DAY + 2 * HOUR  # 23:00 of the day before in São Paulo
    for at, ms in ((evening, 10.0), (evening, 30.0), (evening + 2 * HOUR, 100.0)):
        _count(at, ms=ms)
    recording.flush()
    rolling.roll(now)
    first = (evening - DAY).date()
    metric = registry.get("response_time_ms")
    assert metric.series
    points = metric.series(GROUP, "response_time_ms", first, first + DAY)
    assert [point.value for point in points] == [20, 100]
    utc = metric.series(Where(None, "UTC"), "response_time_ms", first, first + DAY)
    assert [point.value for point in utc] == [None, Decimal("46.67")]


@pytest.mark.parametrize(
    ("ago", "length", "step"),
    [
        (HOUR, HOUR, MINUTE),
        (6 * HOUR, 6 * HOUR, 2 * MINUTE),
        (4 * DAY, 2 * DAY, 30 * MINUTE),
        (9 * DAY, 9 * DAY, HOUR),
        (60 * DAY, 60 * DAY, 6 * HOUR),
        (60 * DAY, 60 * DAY, 2 * DAY),
        (100 * DAY, 100 * DAY, 7 * DAY),
    ],
)
@pytest.mark.parametrize("rolled", [False, True])
def test_every_step_counts_its_own_requests(
    ago: dt.timedelta, length: dt.timedelta, step: dt.timedelta, rolled: bool
) -> None:
    now = timezone.now()
    times = [now - length * part / 40 - MINUTE for part in range(40)]
    times = [at - (ago - length) for at in times]
    for number, at in enumerate(times):
        _count(at, 500 if number % 4 == 0 else 200, 10.0 + number)
    recording.flush()
    rolling.roll(now - (MINUTE if rolled else 2 * HOUR))
    window = Window(now - ago, now - ago + length, step, now)
    lines = request_lines(NAMES, window)
    found = series.series(tiers.ALL, series.stepped(window.start, window.end, step, now), now)
    for place, start in enumerate(found.steps.starts):
        of = [10.0 + number for number, at in enumerate(times) if start <= at < start + step]
        figures = found.figures[place]
        assert (figures.count if figures else 0) == len(of)
        mean = lines["response_time_ms"].lines[0].values[place]
        assert mean == (pytest.approx(sum(of) / len(of)) if of else None)
    assert sum(found.statuses.get(500, ())) == sum(one.errors for one in found.figures if one)
    assert found.whole
    assert found.histograms.sum() == found.whole.count


def test_step_that_is_too_short_for_what_is_kept_becomes_longer() -> None:
    now = timezone.now()
    assert series.stepped(now - HOUR, now, dt.timedelta(seconds=10), now).step == MINUTE
    assert series.stepped(now - 100 * DAY, now - 99 * DAY, MINUTE, now).step == HOUR
    assert series.stepped(now - HOUR, now, dt.timedelta(seconds=90), now).step == 2 * MINUTE
