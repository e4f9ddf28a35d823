"""Processor, memory, swap and load of the machine, as psutil reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import psutil

from monitoring.collecting.rates import LONGEST_GAP_S
from monitoring.store import Sampled

# Shown apart; idle is what is missing from 100. Linux counts guests inside user and nice.
MODES: Final[Mapping[str, Sequence[str]]] = {
    "user": ("user",),
    "nice": ("nice",),
    "system": ("system",),
    "iowait": ("iowait",),
    "irq": ("irq", "softirq", "interrupt", "dpc"),
    "steal": ("steal",),
}
_GUESTS: Final = ("guest", "guest_nice")
_NOT_BUSY: Final = ("idle", "iowait")
# The kernel says of these two that they may fall a little; that is not a counter that began anew.
_DIP_S: Final = 1.0

type Times = dict[str, float]


class Processor:
    """Shares of time since the reading before: of each core, of all of them, and by mode."""

    def __init__(self) -> None:
        self._before: list[Times] = []
        self._at: float | None = None

    def read(self, at: float) -> Iterator[Sampled]:
        return self.samples(at, [dict(core._asdict()) for core in psutil.cpu_times(percpu=True)])

    def samples(self, at: float, cores: list[Times]) -> Iterator[Sampled]:
        """`cores` are seconds since boot by mode. A core that came, went or began anew leaves a gap for the
        whole machine: a sum over the others is not its load."""
        before, then = self._before, self._at
        self._before, self._at = cores, at
        if then is None or not 0 < at - then <= LONGEST_GAP_S:
            return
        spent = [_spent(*pair) for pair in zip(before, cores, strict=False)]
        for number, core in enumerate(spent):
            if core is not None and (total := sum(core.values())) > 0:
                yield Sampled("cpu.core_pct", _busy(core, total), {"core": str(number)})
        if len(before) != len(cores) or None in spent:
            return
        everything: Times = {}
        for core in spent:
            for mode, seconds in (core or {}).items():
                everything[mode] = everything.get(mode, 0.0) + seconds
        if (total := sum(everything.values())) <= 0:
            return
        yield Sampled("cpu_pct", _busy(everything, total))
        for mode, parts in MODES.items():
            if any(part in everything for part in parts):
                share = 100 * sum(everything.get(part, 0.0) for part in parts) / total
                yield Sampled("cpu.mode_pct", share, {"mode": mode})


def _spent(before: Times, now: Times) -> Times | None:
    """Seconds by mode; None when a counter began anew."""
    spent = {}
    for mode, seconds in now.items():
        if mode in _GUESTS:
            continue
        grown = seconds - before.get(mode, 0.0)
        if grown < 0 and (mode not in _NOT_BUSY or grown < -_DIP_S):
            return None
        spent[mode] = max(0.0, grown)
    return spent


def _busy(spent: Times, total: float) -> float:
    return 100 * (total - sum(spent.get(mode, 0.0) for mode in _NOT_BUSY)) / total


def load() -> Iterator[Sampled]:
    """Tasks that run, wait to run or (on Linux) wait for a disk: means over 1, 5 and 15 minutes."""
    for name, value in zip(("load.1m", "load.5m", "load.15m"), os.getloadavg(), strict=True):
        yield Sampled(name, value)


def memory() -> Iterator[Sampled]:
    return memory_samples(psutil.virtual_memory())


def memory_samples(found: Any) -> Iterator[Sampled]:
    """Used is what is not available to a program without swapping: caches that can be dropped are available."""
    if not found.total:
        return
    used = found.total - found.available
    yield Sampled("memory_pct", 100 * used / found.total)
    yield Sampled("memory.used_bytes", used)
    yield Sampled("memory.available_bytes", found.available)
    yield Sampled("memory.total_bytes", found.total)
    if hasattr(found, "cached"):
        yield Sampled("memory.cached_bytes", found.cached + getattr(found, "buffers", 0))


def swap() -> Iterator[Sampled]:
    return swap_samples(psutil.swap_memory())


def swap_samples(found: Any) -> Iterator[Sampled]:
    """A machine without swap has 0 bytes of it, and no share of it in use."""
    yield Sampled("swap.total_bytes", found.total)
    yield Sampled("swap.used_bytes", found.used)
    if found.total:
        yield Sampled("swap.used_pct", 100 * found.used / found.total)
