"""Counters become rates: what grew since the reading before, or nothing where that cannot be told."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

LONGEST_GAP_S: Final = 60.0
"""A difference over a longer pause (a suspended machine, a stopped process) would be called the load of now."""


@dataclass(frozen=True)
class Growth[Key: Hashable]:
    """Over `seconds` each counter grew by `by`; counters that fell, or are new, are not in it."""

    seconds: float
    by: Mapping[Key, float]


class Counters[Key: Hashable]:
    """The reading before of a set of counters.

    A counter that falls was reset, wrapped, or belongs to another device of that name: its interval is a gap.
    A group of counters that only make sense together is given up together (`whole`).
    """

    def __init__(self) -> None:
        self._before: dict[Key, float] = {}
        self._at: float | None = None

    def grown(self, at: float, counters: Mapping[Key, float]) -> Growth[Key] | None:
        """Growth since the last call, `at` being seconds of a clock that never goes back; None at first, and
        after a pause that is too long."""
        before, then = self._before, self._at
        self._before, self._at = dict(counters), at
        if then is None or not 0 < at - then <= LONGEST_GAP_S:
            return None
        return Growth(at - then, {k: v - before[k] for k, v in counters.items() if k in before and v >= before[k]})


def per_second[Key: Hashable](growth: Growth[Key] | None) -> dict[Key, float]:
    """Each counter's rate."""
    return {} if growth is None else {key: by / growth.seconds for key, by in growth.by.items()}
