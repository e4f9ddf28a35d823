"""Ticks on the clock: multiples of the interval in UTC, without drift, and never two for one moment."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Iterator

INTERVAL_S = 10.0


def elapsed() -> float:
    """Seconds that also pass while the machine is suspended; never set back."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def ticks(
    wait: Callable[[float], bool], now: Callable[[], float] = time.time, every: float = INTERVAL_S
) -> Iterator[dt.datetime]:
    """The time of each tick when it is due, until `wait(seconds)` says that it was ended.

    Ticks that passed while a round took too long, or the machine slept, are skipped: a sample has the time at
    which it was taken. A clock that is set back makes no tick come twice, unless it is set back by more than
    one interval, when time goes on from there.
    """
    last = math.floor(now() / every)
    while True:
        number = math.floor(now() / every)
        if number > last or number < last - 1:
            last = number
            yield dt.datetime.fromtimestamp(number * every, dt.UTC)
            continue
        # A little late rather than early: a wait may end before its time.
        if wait(max(0.001, (last + 1) * every - now() + 0.001)):
            return
