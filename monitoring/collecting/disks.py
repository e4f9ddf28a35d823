"""Space of file systems, and traffic of disks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from monitoring.collecting.rates import Counters
from monitoring.store import Sampled

# Views of the kernel, images that are always full, and what would be mounted by being looked at.
# fmt: off
PSEUDO: Final = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devfs", "devpts",
    "devtmpfs", "efivarfs", "erofs", "fusectl", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.snapfuse",
    "hugetlbfs", "iso9660", "mqueue", "nsfs", "nullfs", "proc", "pstore", "ramfs", "rootfs", "rpc_pipefs",
    "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf",
})
# fmt: on
# A server elsewhere answers for these, or never does.
REMOTE: Final = ("nfs", "cifs", "smb", "fuse", "ceph", "glusterfs", "9p", "afs", "lustre", "davfs", "ncpfs", "gfs")
LAYERED: Final = frozenset({"overlay", "aufs"})
_SNAPS: Final = ("/snap/", "/var/snap/", "/var/lib/snapd/")
MOST_MOUNTS: Final = 64
ANSWER_S: Final = 1.0


def real(mounts: Iterable[Any], keep: Path | None = None) -> list[Any]:
    """Of psutil's partitions those that can fill up, each file system once, at its shortest path.

    A file system in memory counts only where `keep` (the data folder) lies on it, a layered one only as the
    root: in a container that is the one it writes to, elsewhere it is somebody's container.
    """
    home = _home_of(mounts := list(mounts), keep) if keep else None
    found: dict[tuple[str, str], Any] = {}
    for mount in sorted(mounts, key=lambda one: (len(one.mountpoint), one.mountpoint)):
        path, kind = mount.mountpoint, mount.fstype
        if path != home and (kind in PSEUDO or not kind):
            continue
        if mount.device.startswith("/dev/loop") or path.startswith(_SNAPS):
            continue
        if kind in LAYERED and path != "/":
            continue
        # Containers have single files of the host mounted over theirs.
        if not is_remote(mount) and not os.path.isdir(path):
            continue
        found.setdefault((mount.device, kind), mount)
    return list(found.values())[:MOST_MOUNTS]


def _home_of(mounts: Iterable[Any], folder: Path) -> str | None:
    above = [str(folder), *map(str, folder.parents)]
    return next((path for path in above if any(mount.mountpoint == path for mount in mounts)), None)


def is_remote(mount: Any) -> bool:
    return str(mount.fstype).startswith(REMOTE)


class Space:
    """Space and inodes of the real file systems.

    One that lies elsewhere is asked in a thread of its own, which is waited for a second. As long as it hangs
    (a dead NFS server) it is not asked again, so that there is one thread for each, and no more.
    """

    def __init__(self, keep: Path | None = None) -> None:
        self._keep = keep
        self._asked: dict[str, threading.Thread] = {}

    def read(self) -> list[Sampled]:
        found: list[Sampled] = []
        for mount in real(psutil.disk_partitions(all=True), self._keep):
            if is_remote(mount):
                found += self._ask(mount.mountpoint)
            else:
                found += _of(mount.mountpoint)
        return found

    def _ask(self, path: str) -> list[Sampled]:
        before = self._asked.get(path)
        if before is not None and before.is_alive():
            return []
        answer: list[Sampled] = []
        asking = threading.Thread(target=lambda: answer.extend(_of(path)), name="fvdash-mount", daemon=True)
        self._asked[path] = asking
        asking.start()
        asking.join(ANSWER_S)
        return [] if asking.is_alive() else answer


def _of(path: str) -> list[Sampled]:
    try:
        return space(path, os.statvfs(path))
    except OSError:
        # Gone meanwhile, or not ours to see.
        return []


def space(path: str, found: Any) -> list[Sampled]:
    """As `df` computes it: the share of what a program without root's reserve could use."""
    labels = {"mount": path[:200]}
    used, free = (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_bavail * found.f_frsize
    if not found.f_blocks:
        return []
    samples = [
        Sampled("disk.used_bytes", used, labels),
        Sampled("disk.free_bytes", free, labels),
        Sampled("disk.total_bytes", found.f_blocks * found.f_frsize, labels),
    ]
    if used + free > 0:
        samples.append(Sampled("disk.used_pct", 100 * used / (used + free), labels))
    # btrfs and others make inodes as they need them and have no number.
    if found.f_files:
        inodes = 100 * (found.f_files - found.f_ffree) / found.f_files
        samples.append(Sampled("disk.inodes_used_pct", inodes, labels))
    return samples


# ---- traffic -----------------------------------------------------------------------------------
_VIRTUAL: Final = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd")
_FIELDS: Final = ("read_bytes", "write_bytes", "read_count", "write_count", "read_time", "write_time", "busy_time")


class Traffic:
    """Bytes, operations, busy share and latency of each whole disk since the reading before.

    Partitions and what is stacked on disks (volumes, RAID) would count the same bytes again.
    """

    def __init__(self) -> None:
        self._counters: Counters[tuple[str, str]] = Counters()

    def read(self, at: float) -> Iterator[Sampled]:
        # psutil's own correction of wraps would turn a reset into a spike.
        return self.samples(at, psutil.disk_io_counters(perdisk=True, nowrap=False) or {})

    def samples(self, at: float, disks: Mapping[str, Any]) -> Iterator[Sampled]:
        """`disks` holds psutil's counters by device; times are in ms."""
        counters = {
            (name, field): float(value)
            for name in whole(disks)
            for field in _FIELDS
            if (value := getattr(disks[name], field, None)) is not None
        }
        growth = self._counters.grown(at, counters)
        if growth is None:
            return
        for name in sorted({name for name, _field in counters}):
            by = {field: growth.by[name, field] for field in _FIELDS if (name, field) in growth.by}
            # One that fell says that the device is another one or began anew: none of the others is to be trusted.
            if len(by) == sum(1 for key in counters if key[0] == name):
                yield from _traffic(name, by, growth.seconds)


def _traffic(name: str, by: Mapping[str, float], seconds: float) -> Iterator[Sampled]:
    labels = {"device": name[:60]}
    for metric, field in (
        ("disk.read_bytes", "read_bytes"),
        ("disk.write_bytes", "write_bytes"),
        ("disk.read_ops", "read_count"),
        ("disk.write_ops", "write_count"),
    ):
        yield Sampled(metric, by[field] / seconds, labels)
    if "busy_time" in by:
        # Counted in steps of the kernel's clock, so a busy disk may show a step more than there was time.
        yield Sampled("disk.busy_pct", min(100.0, by["busy_time"] / (10 * seconds)), labels)
    for metric, time, count in (
        ("disk.read_latency_ms", "read_time", "read_count"),
        ("disk.write_latency_ms", "write_time", "write_count"),
    ):
        if by[count] > 0 and time in by:
            yield Sampled(metric, by[time] / by[count], labels)


def whole(disks: Mapping[str, Any]) -> list[str]:
    """Names of disks that did anything since boot, without partitions and what is stacked on them."""
    try:
        blocks: set[str] | None = set(os.listdir("/sys/block"))
    except OSError:
        blocks = None
    return [
        name
        for name, one in disks.items()
        if not name.startswith(_VIRTUAL)
        and (one.read_count or one.write_count)
        # sysfs writes the slash of a name as an exclamation mark.
        and (not blocks or name.replace("/", "!") in blocks)
    ]
