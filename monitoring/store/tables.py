"""Values gathered by series and step, whatever tier they come from: exact, since sums and counts add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import Agg
from monitoring.store.packing import FLOAT, INT

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


def ints(packed: Sequence[bytes | memoryview]) -> Ints:
    """Packed ints of all rows, one after the other."""
    return np.frombuffer(b"".join(packed), INT).astype(np.int64)


def floats(packed: Sequence[bytes | memoryview]) -> Floats:
    return np.frombuffer(b"".join(packed), FLOAT).astype(np.float64)


def last_written(series: Ints, at: Ints) -> NDArray[np.intp]:
    """Indices, in order of time, of the values that stay when a series has two at one time: the later written."""
    order = np.lexsort((np.arange(len(at)), at, series))
    s, t = series[order], at[order]
    stays = np.ones(len(order), bool)
    stays[:-1] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
    kept = order[stays]
    return kept[np.argsort(at[kept], kind="stable")]


class Table:
    """Series × steps. `edges` are the µs of the epoch at which steps begin, and at the end that of the last.

    Added values must come in order of time within a series, for `last`.
    """

    def __init__(self, ids: Sequence[int], edges: Ints, agg: Agg) -> None:
        self._ids = np.array(sorted(ids), np.int64)
        self._edges, self._agg = edges, agg
        self._shape = (len(ids), len(edges) - 1)
        size = len(ids) * (len(edges) - 1)
        self._count = np.zeros(size)
        self._value = np.full(size, {"min": np.inf, "max": -np.inf}.get(agg, 0.0))
        self._places: list[NDArray[np.intp]] = []
        self._values: list[Floats] = []

    def add(self, series: Ints, at: Ints, count: Any, value: Floats) -> None:
        """Adds values with how many samples each stands for: their sum, or their min, max or last, as the
        aggregate needs. p95 takes each sum as that of its mean."""
        row = np.searchsorted(self._ids, series)
        row[row == len(self._ids)] = 0
        step = np.searchsorted(self._edges, at, "right") - 1
        fits = (self._ids[row] == series) & (step >= 0) & (step < self._shape[1]) & (np.asarray(count) > 0)
        place, value = (row * self._shape[1] + step)[fits], value[fits]
        counted = np.broadcast_to(count, series.shape)[fits]
        self._count += np.bincount(place, counted, len(self._count))
        match self._agg:
            case "avg" | "sum":
                self._value += np.bincount(place, value, len(self._count))
            case "min":
                np.minimum.at(self._value, place, value)
            case "max":
                np.maximum.at(self._value, place, value)
            case "last":
                self._value[place] = value
            case "p95":
                self._places.append(place)
                self._values.append(value / counted)

    def values(self) -> Floats:
        """Series (in order of their ids) × steps; NaN where there was no sample."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found = self._value / self._count if self._agg == "avg" else self._value
        if self._agg == "p95":
            found = self._nearest_rank(0.95)
        return np.where(self._count > 0, found, np.nan).reshape(self._shape)

    def sums(self) -> Floats:
        """The sums behind averages, in the form of `values`."""
        return np.where(self._count > 0, self._value, np.nan).reshape(self._shape)

    def _nearest_rank(self, share: float) -> Floats:
        """The smallest value that `share` of those of its step do not pass."""
        found = np.full(len(self._count), np.nan)
        if not self._places:
            return found
        place, value = np.concatenate(self._places), np.concatenate(self._values)
        order = np.lexsort((value, place))
        place, value = place[order], value[order]
        steps, first, many = np.unique(place, return_index=True, return_counts=True)
        found[steps] = value[first + np.ceil(share * many).astype(np.int64) - 1]
        return found
