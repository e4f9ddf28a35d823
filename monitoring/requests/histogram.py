"""Durations in fixed exponential slots, which merge by addition across processes, routes and minutes.

Slot n holds what is longer than `bound(n - 1)` and at most `bound(n)` = 2^((n - 160) / 8) s: the bounds of an
OpenTelemetry exponential histogram of scale 3 and of a Prometheus native histogram of schema 3, in seconds.
A bound is 9.05 % above the one before, and a percentile is the geometric middle of the slot that holds it: it
is off by 2^(1/16) - 1 = 4.43 % at most, whatever the distribution. Slots are kept sparse, so that there is
none that holds "the rest": they reach from a microsecond to half a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

_SECOND = 160
"""The slot that ends at one second; the first ends at 0.95 µs."""
_OFFSET = 8 * log2(1000) - _SECOND
_LEAST_MS = 1000 * 2 ** (-_SECOND / 8)
LAST = 283
"""Its bound is 42,400 s: nothing that a process answers takes longer."""
SIZE = LAST + 1
WORST_ERROR = 2 ** (1 / 16) - 1
BOUNDS_MS: NDArray[np.float64] = 1000.0 * 2.0 ** ((np.arange(SIZE) - _SECOND) / 8)
"""The upper bound of each slot."""
MIDDLES_MS: NDArray[np.float64] = 1000.0 * 2.0 ** ((np.arange(SIZE) - _SECOND - 0.5) / 8)

type Counts = NDArray[np.int64]
"""How many fell into each slot, in the last axis."""

PACKED = "substr(array_send(slots), 21) AS slots, substr(array_send(counts), 21) AS counts"
"""SQL: the arrays as PostgreSQL sends them, without the 20 bytes of their head; before each value stands its
length in four bytes. To concatenate them in SQL and add up here is several times faster than to unnest there."""
_SLOTS = np.dtype([("length", ">i4"), ("value", ">i2")])
_COUNTS = {
    False: np.dtype([("length", ">i4"), ("value", ">i4")]),
    True: np.dtype([("length", ">i4"), ("value", ">i8")]),
}


def slot(ms: float) -> int:
    """The slot that holds a duration in ms: bounds are inclusive."""
    if ms <= _LEAST_MS:
        return 0
    number = ceil(8 * log2(ms) - _OFFSET)
    return number if number < LAST else LAST


def unpack(groups: int, parts: Sequence[tuple[int, bool, bytes, bytes]]) -> Counts:
    """Histograms of so many groups, added up from (number of the group, whether counts are bigint, packed slots,
    packed counts)."""
    merged = np.zeros(groups * SIZE, np.int64)
    places, numbers = [], []
    for group, wide, slots, counts in parts:
        places.append(np.frombuffer(slots, _SLOTS)["value"].astype(np.int64) + group * SIZE)
        numbers.append(np.frombuffer(counts, _COUNTS[wide])["value"].astype(np.int64))
    if places:
        np.add.at(merged, np.concatenate(places), np.concatenate(numbers))
    return merged.reshape(groups, SIZE)


def quantiles(counts: Counts, shares: Sequence[float]) -> list[list[float | None]]:
    """For each histogram and each share (0 to 1) the duration in ms of the nearest rank: of the smallest duration
    that at least this share does not exceed. None when nothing was counted."""
    below = counts.cumsum(axis=-1)
    totals = below[:, -1:]
    found: list[list[float | None]] = [[None] * len(shares) for _ in range(len(counts))]
    for number, share in enumerate(shares):
        # A share times a whole number may be a hair above the rank that it means: 0.07 * 100 is 7.000000000000001.
        ranks = np.ceil(share * totals * (1 - 1e-12)).clip(min=1)
        places = (below < ranks).sum(axis=-1)
        for row, place in enumerate(places.tolist()):
            if place < SIZE:
                found[row][number] = float(MIDDLES_MS[place])
    return found
