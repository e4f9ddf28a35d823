"""Figures of host and cache, over the last 60 minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Reading, State, Unit, Where, register
from monitoring.metrics import cache, common
from monitoring.metrics.sampled import lines, sampled, series


def read_samples(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Means of the last 60 minutes over all hosts; the newest value for the connections. Stale when the newest
    sample is older than three intervals, no data when the window has none. The hit rate of the cache is read
    along with them: a board asks for all at once."""
    wanted = [name for name in names if name != cache.HIT_RATE]
    made_of = cache.MADE_OF if cache.HIT_RATE in names else ()
    hour = common.last_hour([*wanted, *made_of], as_of, summed=made_of)
    readings = {name: cache.hit_rate(hour, as_of) for name in names if name == cache.HIT_RATE}
    for name in wanted:
        found = hour[name]
        values = common.known(found)
        if not values:
            readings[name] = Reading.unknown(as_of, _("nothing was measured in these 60 minutes"))
            continue
        at, newest = values[-1]
        mean = sum(value for _at, value in values) / len(values)
        state = State.KNOWN if as_of - at <= max(common.FRESH, 2 * found.step) else State.STALE
        value = common.decimal(newest if name == "db_connections" else mean)
        parts = {"mean": common.decimal(mean), "newest": common.decimal(newest), "samples": len(values)}
        readings[name] = Reading(value, at, state, parts=parts)
    return readings


register(
    Metric(
        cache.HIT_RATE,
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Cache hit rate"),
        gettext_lazy("Look-ups in the cache that found a value ÷ all look-ups, last 60 minutes, all processes."),
        read_samples,
        cache.cache_series,
        higher_is_better=True,
        per_agency=False,
        decimals=1,
    ),
    Metric(
        "cpu_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("CPU"),
        gettext_lazy("Busy share of all cores, mean of the samples of the last 60 minutes, one every 10 s."),
        read_samples,
        series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
        lines=lines,
    ),
    Metric(
        "memory_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Memory"),
        gettext_lazy(
            "Share of the host's memory that is not available to a program, mean of the samples of the last "
            "60 minutes, one every 10 s."
        ),
        read_samples,
        series,
        higher_is_better=False,
        per_agency=False,
        decimals=1,
        lines=lines,
    ),
    Metric(
        "db_connections",
        Unit.COUNT,
        Kind.GAUGE,
        gettext_lazy("Database connections"),
        gettext_lazy("Client connections open to this database at the newest sample."),
        read_samples,
        series,
        per_agency=False,
        lines=lines,
    ),
)

_CORES = gettext_lazy("Busy share of one core since the sample before. Waiting for a disk is idle time.")
_MODES = gettext_lazy(
    "Share of all cores' time since the sample before, by what it went into; what is missing from 100 was idle."
)
_LOAD = gettext_lazy("Tasks that run, wait for a core or wait for a disk: the system's own mean over the time named.")
_MEMORY = gettext_lazy("Total minus available: what could not be given to a program without swapping.")
_AVAILABLE = gettext_lazy("What can be given to a program without swapping, as the system estimates it.")
_CACHED = gettext_lazy("Memory that holds parts of files; the system drops it when a program needs room.")
_SWAP = gettext_lazy("Swap in use ÷ swap there is; unknown on a machine without swap.")
_SPACE = gettext_lazy("Used ÷ (used + free for programs without root's reserve), as df shows it.")
_FREE = gettext_lazy("Free for programs without root's reserve.")
_INODES = gettext_lazy("Inodes in use ÷ inodes there are; unknown where the file system has no fixed number.")
_RATE = gettext_lazy("Growth of the system's counter since the sample before ÷ the seconds between them.")
_BUSY = gettext_lazy("Share of time in which the disk had at least one operation under way.")
_LATENCY = gettext_lazy(
    "Mean time of an operation from its queueing to its end, of those that ended since the sample before."
)
_LIMITED = gettext_lazy("Use ÷ the limit of the container or service unit; only where one is set.")
_LIMIT = gettext_lazy("The tightest limit on this process's control group or one above it.")
_THROTTLED = gettext_lazy("Periods in which the limit stopped the container ÷ periods in which it ran.")
_OWN_TOTAL = gettext_lazy("As the system says it at the newest sample.")
_SWAP_USED = gettext_lazy("Swap in use; 0 on a machine without swap.")
_SPACE_USED = gettext_lazy("Blocks in use × their size, root's reserve not among them.")
_WORKING = gettext_lazy("In use by the container, without file caches that it did not touch lately.")
_OWN_CPU = gettext_lazy("Processor time of the collector's process since its sample before ÷ the time between them.")
_OWN_MEMORY = gettext_lazy("Resident memory of the collector's process.")
_OWN_TIME = gettext_lazy("How long reading this host took.")
_OWN_WAITING = gettext_lazy("Rounds of samples not written to the database yet, at the time of this one.")

_CPU, _BYTES, _RATES = Unit.PERCENT, Unit.BYTES, Unit.BYTES_PER_SECOND
_MOUNT, _DEVICE, _INTERFACE = ("mount",), ("device",), ("interface",)

sampled(
    ("cpu.core_pct", _CPU, gettext_lazy("CPU core"), _CORES, ("core",), 1, False),
    ("cpu.mode_pct", _CPU, gettext_lazy("CPU time by use"), _MODES, ("mode",), 1, None),
    ("load.1m", Unit.COUNT, gettext_lazy("Load, 1 minute"), _LOAD, (), 2, False),
    ("load.5m", Unit.COUNT, gettext_lazy("Load, 5 minutes"), _LOAD, (), 2, False),
    ("load.15m", Unit.COUNT, gettext_lazy("Load, 15 minutes"), _LOAD, (), 2, False),
    ("memory.used_bytes", _BYTES, gettext_lazy("Memory used"), _MEMORY, (), 0, False),
    ("memory.available_bytes", _BYTES, gettext_lazy("Memory available"), _AVAILABLE, (), 0, True),
    ("memory.total_bytes", _BYTES, gettext_lazy("Memory of the machine"), _OWN_TOTAL, (), 0, None),
    ("memory.cached_bytes", _BYTES, gettext_lazy("Memory that caches files"), _CACHED, (), 0, None),
    ("swap.total_bytes", _BYTES, gettext_lazy("Swap of the machine"), _OWN_TOTAL, (), 0, None),
    ("swap.used_bytes", _BYTES, gettext_lazy("Swap used"), _SWAP_USED, (), 0, False),
    ("swap.used_pct", _CPU, gettext_lazy("Swap used, share"), _SWAP, (), 1, False),
    ("disk.used_pct", _CPU, gettext_lazy("Disk space used, share"), _SPACE, _MOUNT, 1, False),
    ("disk.used_bytes", _BYTES, gettext_lazy("Disk space used"), _SPACE_USED, _MOUNT, 0, None),
    ("disk.free_bytes", _BYTES, gettext_lazy("Disk space free"), _FREE, _MOUNT, 0, True),
    ("disk.total_bytes", _BYTES, gettext_lazy("Size of the file system"), _OWN_TOTAL, _MOUNT, 0, None),
    ("disk.inodes_used_pct", _CPU, gettext_lazy("Inodes used, share"), _INODES, _MOUNT, 1, False),
    ("disk.read_bytes", _RATES, gettext_lazy("Disk, read"), _RATE, _DEVICE, 0, None),
    ("disk.write_bytes", _RATES, gettext_lazy("Disk, written"), _RATE, _DEVICE, 0, None),
    ("disk.read_ops", Unit.PER_SECOND, gettext_lazy("Disk, reads"), _RATE, _DEVICE, 1, None),
    ("disk.write_ops", Unit.PER_SECOND, gettext_lazy("Disk, writes"), _RATE, _DEVICE, 1, None),
    ("disk.busy_pct", _CPU, gettext_lazy("Disk busy"), _BUSY, _DEVICE, 1, False),
    ("disk.read_latency_ms", Unit.MILLISECONDS, gettext_lazy("Disk, time of a read"), _LATENCY, _DEVICE, 2, False),
    ("disk.write_latency_ms", Unit.MILLISECONDS, gettext_lazy("Disk, time of a write"), _LATENCY, _DEVICE, 2, False),
    ("network.bytes_in", _RATES, gettext_lazy("Network, received"), _RATE, _INTERFACE, 0, None),
    ("network.bytes_out", _RATES, gettext_lazy("Network, sent"), _RATE, _INTERFACE, 0, None),
    ("network.packets_in", Unit.PER_SECOND, gettext_lazy("Network, packets received"), _RATE, _INTERFACE, 1, None),
    ("network.packets_out", Unit.PER_SECOND, gettext_lazy("Network, packets sent"), _RATE, _INTERFACE, 1, None),
    ("network.errors_in", Unit.PER_SECOND, gettext_lazy("Network, errors receiving"), _RATE, _INTERFACE, 2, False),
    ("network.errors_out", Unit.PER_SECOND, gettext_lazy("Network, errors sending"), _RATE, _INTERFACE, 2, False),
    ("network.drops_in", Unit.PER_SECOND, gettext_lazy("Network, dropped receiving"), _RATE, _INTERFACE, 2, False),
    ("network.drops_out", Unit.PER_SECOND, gettext_lazy("Network, dropped sending"), _RATE, _INTERFACE, 2, False),
    ("network.tcp_retransmits", Unit.PER_SECOND, gettext_lazy("TCP segments sent again"), _RATE, (), 2, False),
    ("container.cpu_pct", _CPU, gettext_lazy("CPU of the container's limit"), _LIMITED, (), 1, False),
    ("container.cpu_limit_cores", Unit.COUNT, gettext_lazy("Cores of the container's limit"), _LIMIT, (), 2, None),
    ("container.throttled_pct", _CPU, gettext_lazy("CPU of the container, throttled"), _THROTTLED, (), 1, False),
    ("container.memory_pct", _CPU, gettext_lazy("Memory of the container's limit"), _LIMITED, (), 1, False),
    ("container.memory_bytes", _BYTES, gettext_lazy("Memory of the container"), _WORKING, (), 0, False),
    ("container.memory_limit_bytes", _BYTES, gettext_lazy("Limit of the container's memory"), _LIMIT, (), 0, None),
    ("collector.cpu_pct", _CPU, gettext_lazy("Collector, share of a core"), _OWN_CPU, (), 2, False),
    ("collector.memory_bytes", _BYTES, gettext_lazy("Collector, memory"), _OWN_MEMORY, (), 0, False),
    ("collector.duration_ms", Unit.MILLISECONDS, gettext_lazy("Collector, time of a round"), _OWN_TIME, (), 1, False),
    ("collector.waiting", Unit.COUNT, gettext_lazy("Collector, rounds that wait"), _OWN_WAITING, (), 0, False),
)
