"""The limits that a container or a service unit sets this process: control groups of version 2 and 1.

The machine's own figures are true inside a container too, but not what one may use of it. Where a limit is
set, use is shown against it; where none is, there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitoring.collecting.rates import Counters
from monitoring.store import Sampled

ROOT: Final = Path("/sys/fs/cgroup")
OWN: Final = Path("/proc/self/cgroup")
# Version 1 writes "no limit" as the largest number of whole pages.
_NO_LIMIT: Final = 1 << 60


@dataclass(frozen=True)
class Group:
    """What one control group counts: seconds of processor time, bytes, periods; None is not known."""

    cores: float | None = None
    cpu_s: float | None = None
    periods: float | None = None
    throttled: float | None = None
    memory: int | None = None
    memory_limit: int | None = None


class Container:
    """Use against the limits, since the reading before where it is a share of time."""

    def __init__(self, root: Path = ROOT, own: Path = OWN) -> None:
        self._root, self._own = root, own
        self._counters: Counters[str] = Counters()

    def read(self, at: float) -> Iterator[Sampled]:
        group = read_group(self._root, self._own)
        if group.memory_limit is not None:
            yield Sampled("container.memory_limit_bytes", group.memory_limit)
            if group.memory is not None:
                yield Sampled("container.memory_bytes", group.memory)
                yield Sampled("container.memory_pct", 100 * group.memory / group.memory_limit)
        if group.cores is None:
            return
        yield Sampled("container.cpu_limit_cores", group.cores)
        counters = {"cpu": group.cpu_s, "periods": group.periods, "throttled": group.throttled}
        growth = self._counters.grown(at, {name: value for name, value in counters.items() if value is not None})
        if growth is None:
            return
        if "cpu" in growth.by:
            yield Sampled("container.cpu_pct", 100 * growth.by["cpu"] / (growth.seconds * group.cores))
        if growth.by.get("periods") and "throttled" in growth.by:
            yield Sampled("container.throttled_pct", 100 * growth.by["throttled"] / growth.by["periods"])


def read_group(root: Path, own: Path) -> Group:
    """The tightest limits on the way from this process's group to the root, with the use of the groups that
    set them."""
    places = _places(own)
    if "" in places and (root / "cgroup.controllers").exists():
        levels = _levels(root, places[""])
        cpu = min((found for one in levels if (found := _cpu_v2(one))), key=lambda one: one.cores or 0, default=Group())
        memory = [found for one in levels if (found := _memory_v2(one))]
    else:
        levels = _levels(root / "cpu", places.get("cpu", "/"))
        cpu = min((found for one in levels if (found := _cpu_v1(one))), key=lambda one: one.cores or 0, default=Group())
        memory = [found for one in _levels(root / "memory", places.get("memory", "/")) if (found := _memory_v1(one))]
    tight = min(memory, key=lambda one: one.memory_limit or 0, default=Group())
    return Group(cpu.cores, cpu.cpu_s, cpu.periods, cpu.throttled, tight.memory, tight.memory_limit)


def _places(own: Path) -> dict[str, str]:
    """Path of this process's group by controller; version 2 has "" for all of them."""
    try:
        lines = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return {}
    return {name: parts[2] for parts in lines if len(parts) == 3 for name in parts[1].split(",")}


def _levels(root: Path, place: str) -> list[Path]:
    """The group and those above it. A container that sees only its own finds it at the root."""
    own = root / place.lstrip("/")
    if ".." in own.parts or not own.is_dir():
        return [root]
    return [own, *(above for above in own.parents if above == root or root in above.parents)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _table(path: Path) -> dict[str, int]:
    rows = (line.split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _cpu_v2(group: Path) -> Group | None:
    quota = _text(group / "cpu.max").split()
    if len(quota) != 2 or quota[0] == "max":
        return None
    stat = _table(group / "cpu.stat")
    used = stat.get("usage_usec")
    return Group(
        cores=int(quota[0]) / int(quota[1]),
        cpu_s=None if used is None else used / 1e6,
        periods=stat.get("nr_periods"),
        throttled=stat.get("nr_throttled"),
    )


def _memory_v2(group: Path) -> Group | None:
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    if limit is None:
        return None
    inactive = _table(group / "memory.stat").get("inactive_file", 0)
    return Group(memory=None if used is None else max(0, used - inactive), memory_limit=limit)


def _cpu_v1(group: Path) -> Group | None:
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    if quota is None or quota <= 0 or not period:
        return None
    # The two controllers are one folder wherever limits are set, but for rare machines.
    used = _number(group / "cpuacct.usage")
    stat = _table(group / "cpu.stat")
    return Group(quota / period, None if used is None else used / 1e9, stat.get("nr_periods"), stat.get("nr_throttled"))


def _memory_v1(group: Path) -> Group | None:
    limit, used = _number(group / "memory.limit_in_bytes"), _number(group / "memory.usage_in_bytes")
    if limit is None or limit >= _NO_LIMIT:
        return None
    inactive = _table(group / "memory.stat").get("total_inactive_file", 0)
    return Group(memory=None if used is None else max(0, used - inactive), memory_limit=limit)
