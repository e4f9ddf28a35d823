"""Uptime over windows and beats of slots: maintenance, gaps, edges."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from monitoring.health import uptime
from monitoring.models import Maintenance, Span

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def span(status: str, since_h: float, until_h: float, name: str = "redis") -> None:
    """From so many hours ago until so many hours ago."""
    Span.objects.create(name=name, status=status, since=NOW - since_h * HOUR, until=NOW - until_h * HOUR)


def maintenance(starts_h: float, ends_h: float, *components: str, ended_h: float | None = None) -> None:
    Maintenance.objects.create(
        title="x",
        components=list(components),
        starts_at=NOW - starts_h * HOUR,
        ends_at=NOW - ends_h * HOUR,
        ended_at=None if ended_h is None else NOW - ended_h * HOUR,
    )


def share(name: str = "redis", hours: float = 24) -> uptime.Share:
    return uptime.shares([(name, "", NOW - hours * HOUR, NOW)])[name, ""]


def test_every_check_and_window_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    span("ok", 24 * 100, 12)
    span("down", 12, 0)
    span("ok", 24, 0, "api")
    with django_assert_num_queries(1):
        found = uptime.uptimes(["redis", "api", "database"], NOW)
    assert {key: one.percent for key, one in found.items()} == {
        ("redis", "day"): Decimal("50.000"),
        ("redis", "week"): Decimal("92.857"),
        ("redis", "month"): Decimal("98.333"),
        ("redis", "quarter"): Decimal("99.444"),
        ("api", "day"): 100,
        ("api", "week"): 100,
        ("api", "month"): 100,
        ("api", "quarter"): 100,
    }


@pytest.mark.parametrize(
    ("windows", "percent", "down", "unobserved"),
    [
        # 10 hours: up 6, down 2 (from 4 to 2 hours ago), unobserved 2 (from 2 hours ago)
        ([], "60.000", 2, 2),
        ([(4, 2)], "75.000", 0, 2),
        ([(4, 0)], "100.000", 0, 0),
        ([(2, 0)], "75.000", 2, 0),
        ([(3, 1)], "75.000", 1, 1),
        ([(3, 1), (3.5, 1.5)], "80.000", 0.5, 1),
        ([(10, 8)], "60.000", 2, 2),  # it worked in it: that time counts as up
        ([(30, 20)], "60.000", 2, 2),
    ],
)
def test_declared_maintenance_counts_neither_as_down_nor_as_unobserved(
    windows: list[tuple[float, float]], percent: str, down: float, unobserved: float
) -> None:
    span("ok", 10, 4)
    span("down", 4, 2)
    for window in windows:
        maintenance(*window)
    found = share()
    assert found.percent == Decimal(percent)
    assert found.down_s == down * 3600
    assert found.unobserved_s == unobserved * 3600


def test_maintenance_excuses_what_it_names_and_the_whole_with_what_the_product_needs() -> None:
    for name in ("", "redis", "api", "whatsapp"):
        span("ok", 10, 5, name)
        span("down", 5, 0, name)
    maintenance(5, 0, "redis")
    assert [share(name).percent for name in ("", "redis", "api")] == [100, 100, 50]
    Maintenance.objects.all().delete()
    maintenance(5, 0, "whatsapp")
    assert [share(name).percent for name in ("", "redis", "whatsapp")] == [50, 50, 100]


def test_maintenance_that_was_ended_or_called_off_excuses_no_more() -> None:
    span("ok", 10, 4)
    span("down", 4, 0)
    maintenance(4, 0, ended_h=2)
    assert share().percent == 75
    Maintenance.objects.all().delete()
    maintenance(4, 0, ended_h=5)
    assert share().percent == 60


def test_time_before_the_first_check_does_not_count_and_all_maintenance_is_no_figure() -> None:
    span("down", 2, 0)
    assert share().total_s == 7200
    assert share().percent == 0
    maintenance(2, 0)
    assert share().percent is None
    assert uptime.shares([("redis", "", NOW - 9 * HOUR, NOW - 3 * HOUR)]) == {}
    assert uptime.shares([]) == {}


def beats(hours: int, count: int) -> tuple[uptime.Beat, ...]:
    return uptime.beats(NOW - hours * HOUR, NOW, count)["redis"]


def test_beat_is_the_worst_of_its_slot(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    span("ok", 4, 3)
    span("degraded", 3, 2.5)
    span("ok", 2.5, 1.5)
    span("down", 1.5, 1.4)
    span("ok", 1.4, 0)
    with django_assert_num_queries(1):
        assert beats(4, 4) == ("ok", "degraded", "down", "ok")


def test_slot_is_not_observed_when_less_than_half_of_it_was() -> None:
    span("ok", 4, 3.6)
    span("ok", 2.6, 2)
    span("down", 0.1, 0)
    assert beats(4, 4) == (None, "ok", None, "down")


def test_first_slot_begins_with_the_first_check() -> None:
    span("ok", 0.2, 0)
    assert beats(4, 4) == (None, None, None, "ok")


def test_maintenance_is_a_beat_of_its_own() -> None:
    span("ok", 5, 4)
    span("down", 4, 3)
    span("ok", 2, 1)
    span("down", 1, 0)
    maintenance(4, 0.5)
    #         ok     down inside    nobody looked   ok inside  down, half outside
    assert beats(5, 5) == ("ok", "maintenance", "maintenance", "ok", "down")


def test_slots_of_ninety_days_are_those_of_the_spans() -> None:
    for day in range(90):
        span("down" if day % 10 == 3 else "ok", 24 * (day + 1), 24 * day)
    found = beats(24 * 90, 90)
    assert [index for index, beat in enumerate(found) if beat == "down"] == list(range(6, 90, 10))
    assert set(found) == {"ok", "down"}
