"""One failure is a flap, two in a row are an outage; as a table over time."""

from __future__ import annotations

import datetime as dt

import pytest

from monitoring.health.damping import Damper
from monitoring.health.outcomes import Outcome, Status

START = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
SAID = {"+": Status.OK, "~": Status.DEGRADED, "-": Status.DOWN}


def said(rounds: str, step_s: int = 30) -> tuple[str, list[float]]:
    """What is said of each round ("?" for failing once), and since when each confirmed outage counts (seconds). A
    space is a round that was not made."""
    damper, words, since = Damper(), "", []
    for number, found in enumerate(rounds):
        at = START + dt.timedelta(seconds=step_s * number)
        if found == " ":
            words += " "
            continue
        (one,) = damper.say([Outcome("redis", SAID[found])], at)
        words += "?" if one.failing_once else {status: sign for sign, status in SAID.items()}[one.status]
        since += [(one.since - START).total_seconds()] if one.since else []
    return words, since


@pytest.mark.parametrize(
    ("rounds", "expected", "since"),
    [
        ("+++", "+++", []),
        ("+-+", "+?+", []),
        ("+--+", "+?-+", [30]),
        ("+----+", "+?---+", [30]),
        ("-+-+-+", "?+?+?+", []),
        ("--+--", "?-+?-", [0, 90]),
        ("-~-", "?~?", []),
        ("~~+", "~~+", []),
        ("- -", "? -", [0]),
        ("-  -", "?  ?", []),  # 90 seconds later nothing is known of the first any more
        ("--   -", "?-   ?", [0]),
        ("-", "?", []),
    ],
)
def test_down_after_two_failures_in_a_row_and_up_after_one(rounds: str, expected: str, since: list[float]) -> None:
    assert said(rounds) == (expected, since)


def test_two_rounds_at_one_moment_are_one_failure() -> None:
    assert said("---", step_s=0)[0] == "???"


def test_checks_do_not_count_for_each_other() -> None:
    damper = Damper()
    damper.say([Outcome("redis", Status.DOWN)], START)
    (one,) = damper.say([Outcome("api", Status.DOWN)], START + dt.timedelta(seconds=30))
    assert one.failing_once
