"""Round values for the rules of a chart."""

from __future__ import annotations

import math


def ticks_between(low: float, high: float, about: int = 3) -> list[float]:
    """Round values from at or below `low` to the last one that `high` reaches: 0, 500 000, 1 000 000…

    One value when all are equal. Steps are 1, 2, 2.5 or 5 times a power of ten.
    """
    reach = high / 2 - low / 2
    if reach <= 0 or not math.isfinite(reach):
        return [low]
    raw = reach * 2 / about if math.isfinite(reach * 2) else reach / about * 2
    size = 10.0 ** math.floor(math.log10(raw))
    step = next((size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw), size * 10)
    first = math.floor(low / step)
    out = []
    for index in range(first, first + about + 3):
        value = index * step
        if not math.isfinite(value) or value > high:
            break
        out.append(value)
    return out or [low]
