"""Traffic of network interfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from monitoring.collecting.rates import Counters, per_second
from monitoring.store import Sampled

# The loopback is no network, and a pair of virtual ends is made with every container: each name would be a
# series of its own, of bytes that the real interface counts as well.
# fmt: off
_VIRTUAL: Final = (
    "br-", "cali", "cni", "docker", "dummy", "erspan", "flannel", "gre", "ifb", "ip6tnl", "lo", "lxc", "lxd", "sit",
    "tap", "teql", "tunl", "veth", "virbr", "vnet",
)
# fmt: on
_FIELDS: Final = {
    "bytes_recv": "network.bytes_in",
    "bytes_sent": "network.bytes_out",
    "packets_recv": "network.packets_in",
    "packets_sent": "network.packets_out",
    "errin": "network.errors_in",
    "errout": "network.errors_out",
    "dropin": "network.drops_in",
    "dropout": "network.drops_out",
}
SNMP: Final = Path("/proc/net/snmp")


class Interfaces:
    """Bytes, packets, errors and drops a second since the reading before; segments that TCP sent again."""

    def __init__(self) -> None:
        self._counters: Counters[tuple[str, str]] = Counters()

    def read(self, at: float) -> Iterator[Sampled]:
        found = psutil.net_io_counters(pernic=True, nowrap=False)
        return self.samples(at, found, retransmitted(SNMP))

    def samples(self, at: float, interfaces: Mapping[str, Any], again: int | None = None) -> Iterator[Sampled]:
        counters = {
            (name, metric): float(getattr(one, field))
            for name, one in interfaces.items()
            if not is_virtual(name) and (one.bytes_recv or one.bytes_sent)
            for field, metric in _FIELDS.items()
        }
        if again is not None:
            counters["", "network.tcp_retransmits"] = float(again)
        for (name, metric), rate in per_second(self._counters.grown(at, counters)).items():
            yield Sampled(metric, rate, {"interface": name[:60]} if name else {})


def is_virtual(name: str) -> bool:
    # "lo" and "lo0" are the loopback, "lan0" is not; "lowpan0" is a radio.
    return name.startswith(_VIRTUAL) and (not name.startswith("lo") or not name[2:].strip("0123456789"))


def retransmitted(path: Path) -> int | None:
    """Segments sent again since boot, of the system's table; None where there is no such table."""
    try:
        names, values = (line.split() for line in path.read_text().splitlines() if line.startswith("Tcp:"))
        return int(values[names.index("RetransSegs")])
    except (OSError, ValueError, IndexError):
        return None
