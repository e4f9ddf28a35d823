"""The window of a page is read from its address."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl, urlencode

import pytest

from monitoring import windows
from monitoring.windows import EPOCH, PRESETS, Window, WindowError, parse

NOW = dt.datetime(2026, 11, 24, 15, 21, 4, tzinfo=dt.UTC)
ZONE = "America/Sao_Paulo"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_ends_now_and_its_link_leads_to_it_again(name: str) -> None:
    window = parse({"window": name}, ZONE, NOW)
    assert (window.end, window.length, window.preset) == (NOW, PRESETS[name][0], name)
    assert parse(window.params, ZONE, NOW) == window


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("finest", [10, 60])
def test_steps_cover_the_window_with_sixty_to_240_points(name: str, finest: int) -> None:
    window = parse({"window": name}, ZONE, NOW)
    steps = window.steps(dt.timedelta(seconds=finest))
    least = min(60, window.length / dt.timedelta(seconds=finest))
    assert least <= steps.count <= windows.MOST_POINTS + 1
    assert steps.first <= window.start < steps.first + steps.step
    assert steps.end - steps.step < window.end <= steps.end
    assert (steps.first - EPOCH) % steps.step == dt.timedelta(0)
    assert (steps.place(window.start), steps.place(window.end)) in ((0, steps.count - 1), (0, None))
    assert steps.place(steps.first - dt.timedelta(seconds=1)) is None


def test_without_a_word_it_is_the_default() -> None:
    assert parse({}, ZONE, NOW).preset == "1h"
    assert parse({"window": ""}, ZONE, NOW, "24h").preset == "24h"


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        ("2026-11-23T09:30", "2026-11-23T10:30", "2026-11-23T12:30Z", "2026-11-23T13:30Z"),
        ("2026-11-23", "2026-11-23", "2026-11-23T03:00Z", "2026-11-24T03:00Z"),
        ("2026-11-23T12:30:00Z", "", "2026-11-23T12:30Z", "2026-11-24T15:21:04Z"),
        ("2026-11-23T12:30+02:00", "2026-11-23T12:30+00:00", "2026-11-23T10:30Z", "2026-11-23T12:30Z"),
        ("2026-11-23T12:30 02:00", "2026-11-24", "2026-11-23T10:30Z", "2026-11-24T15:21:04Z"),
        ("2026-11-24T10:00:00", "2026-11-24T10:00:01", "2026-11-24T12:59:01Z", "2026-11-24T13:00:01Z"),
    ],
)
def test_free_window_is_of_the_viewers_zone_unless_it_says_so(start: str, end: str, since: str, until: str) -> None:
    window = parse({"from": start, "to": end, "window": "7d"}, ZONE, NOW)
    assert (window.start, window.end, window.preset) == (at(since), at(until), "")
    again = dict(parse_qsl(urlencode(window.params)))
    assert parse(again, "Asia/Kolkata", NOW) == Window(window.start, window.end, "", "Asia/Kolkata")


def test_day_of_a_change_of_clocks_is_as_long_as_it_was() -> None:
    spring = parse({"from": "2026-03-29", "to": "2026-03-29"}, "Europe/Berlin", NOW)
    autumn = parse({"from": "2026-10-25", "to": "2026-10-25"}, "Europe/Berlin", NOW)
    assert (spring.length, autumn.length) == (dt.timedelta(hours=23), dt.timedelta(hours=25))


def test_form_shows_local_times_that_lead_to_the_same_window() -> None:
    window = parse({"from": "2026-11-23T09:30", "to": "2026-11-23T10:30"}, ZONE, NOW)
    assert (window.local_from, window.local_to) == ("2026-11-23T09:30", "2026-11-23T10:30")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"window": "3h"}, "window"),
        ({"to": "2026-11-24"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-23", "to": "9999-12-31"}, "to"),
        ({"from": "2026-11-25"}, "from"),
        ({"from": "2026-11-24T10:00", "to": "2026-11-24T10:00"}, "to"),
        ({"from": "2024-01-01"}, "from"),
        ({"from": "0001-01-01T00:00+14:00"}, "from"),
        ({"from": "2026-13-01"}, "from"),
    ],
)
def test_impossible_window_is_refused_with_its_field(params: dict[str, str], field: str) -> None:
    with pytest.raises(WindowError) as caught:
        parse(params, ZONE, NOW)
    assert caught.value.field == field
    assert caught.value.message


def test_window_before_is_as_long_and_ends_where_this_begins() -> None:
    window = parse({"window": "7d"}, ZONE, NOW)
    assert (window.before.end, window.before.length) == (window.start, window.length)


def test_links_keep_the_other_parameters() -> None:
    found = windows.links(parse({"window": "6h"}, ZONE, NOW), "/monitoring", {"sort": "-p95"})
    assert [link.href for link in found][2] == "/monitoring?sort=-p95&window=6h"
    assert [link.current for link in found] == [name == "6h" for name in PRESETS]


def test_borders_of_a_step() -> None:
    week = dt.timedelta(days=7)
    assert windows.floor(NOW, week) == at("2026-11-23T00:00Z")
    assert windows.ceil(NOW, week) == at("2026-11-30T00:00Z")
    assert windows.ceil(at("2026-11-30T00:00Z"), week) == at("2026-11-30T00:00Z")
    assert windows.floor(at("1969-12-31T23:59Z"), week) == at("1969-12-29T00:00Z")
