"""Readings made of fake counters: resets, wraps, devices that come and go, machines that lack something."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from monitoring.collecting import disks, host, network
from monitoring.collecting.container import Container
from monitoring.collecting.database import Database
from monitoring.collecting.rates import Counters
from monitoring.store import Sampled


def by_name(samples: Iterable[Sampled]) -> dict[str, float]:
    """Values by name, with the labels' values behind it."""
    return {" ".join([one.metric, *one.labels.values()]): one.value for one in samples}


@pytest.mark.parametrize(
    ("readings", "grown"),
    [
        ([(0, 100), (10, 150)], 50),
        ([(0, 100), (10, 100)], 0),
        ([(0, 100)], None),  # the first has nothing before it
        ([(0, 100), (10, 5)], None),  # began anew
        ([(0, 2**32 - 10), (10, 40)], None),  # wrapped: by how much cannot be told
        ([(0, 100), (61, 150)], None),  # asleep, or not running
        ([(0, 100), (60, 150)], 50),
        ([(0, 100), (0, 150)], None),  # twice in one moment
        ([(0, 100), (10, 5), (20, 25)], 20),  # a gap of one interval, and on
        ([(0, 100), (10, None), (20, 130)], None),  # was away meanwhile: another device of its name, perhaps
    ],
)
def test_counter_grows_or_leaves_a_gap(readings: list[tuple[float, float | None]], grown: float | None) -> None:
    counters: Counters[str] = Counters()
    found = None
    for at, value in readings:
        growth = counters.grown(at, {} if value is None else {"a": value})
        found = growth.by.get("a") if growth else None
    assert found == grown


# ---- processor, memory, swap -------------------------------------------------------------------
def core(**seconds: float) -> dict[str, float]:
    return {"user": 0.0, "nice": 0.0, "system": 0.0, "idle": 0.0, "iowait": 0.0, "steal": 0.0, "guest": 0.0} | seconds


def shares(*readings: list[dict[str, float]], every: float = 10.0) -> dict[str, float]:
    processor = host.Processor()
    found: dict[str, float] = {}
    for number, cores in enumerate(readings):
        found = by_name(processor.samples(number * every, cores))
    return found


def test_shares_of_cores_and_modes() -> None:
    found = shares(
        [core(), core()],
        [core(user=4, system=1, idle=4, steal=1, guest=3), core(idle=7, iowait=3)],
    )
    assert found["cpu.core_pct 0"] == 60
    assert found["cpu.core_pct 1"] == 0
    assert found["cpu_pct"] == 30
    assert found["cpu.mode_pct user"] == 20  # the guest's time is in it, once
    assert (found["cpu.mode_pct iowait"], found["cpu.mode_pct steal"]) == (15, 5)


def test_waiting_that_falls_a_little_is_no_reset() -> None:
    found = shares([core(iowait=5.0, idle=10)], [core(user=5, iowait=4.9, idle=15)])
    assert (found["cpu_pct"], found["cpu.mode_pct iowait"]) == (50, 0)


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        ([core(user=900), core()], [core(user=1), core(idle=10)], {"cpu.core_pct 1"}),  # a core began anew
        ([core()], [core(idle=10), core(idle=10)], {"cpu.core_pct 0"}),  # a core came
        ([core(), core()], [core(idle=10)], {"cpu.core_pct 0"}),  # a core went
        ([core(user=5)], [core(user=5)], set()),  # two readings in one step of the kernel's clock
    ],
)
def test_core_that_began_anew_leaves_a_gap_for_all(before: Any, now: Any, kept: set[str]) -> None:
    assert set(shares(before, now)) == kept


def test_pause_is_no_load() -> None:
    assert shares([core()], [core(user=10)], every=61) == {}
    assert shares([core()], [core(user=10)], every=60) != {}


def test_machine_without_swap_has_none_and_no_share_of_it() -> None:
    assert by_name(host.swap_samples(SimpleNamespace(total=0, used=0))) == {
        "swap.total_bytes": 0,
        "swap.used_bytes": 0,
    }
    assert by_name(host.swap_samples(SimpleNamespace(total=8, used=2)))["swap.used_pct"] == 25


def test_memory_used_is_what_is_not_available() -> None:
    found = by_name(host.memory_samples(SimpleNamespace(total=100, available=60, cached=20, buffers=5)))
    assert (found["memory_pct"], found["memory.used_bytes"], found["memory.cached_bytes"]) == (40, 40, 25)
    # Not every system says what it caches.
    assert "memory.cached_bytes" not in by_name(host.memory_samples(SimpleNamespace(total=100, available=60)))


# ---- disks -------------------------------------------------------------------------------------
def mount(device: str, path: str, kind: str) -> SimpleNamespace:
    return SimpleNamespace(device=device, mountpoint=path, fstype=kind, opts="rw")


def real(*mounts: SimpleNamespace, keep: Path | None = None) -> list[str]:
    return [one.mountpoint for one in disks.real(mounts, keep)]


def test_only_file_systems_that_can_fill_up_are_shown(tmp_path: Path) -> None:
    a, b, snap = (str(tmp_path / name) for name in ("a", "b", "snap"))
    for path in (a, b, snap):
        os.mkdir(path)
    (tmp_path / "hosts").touch()
    assert real(
        mount("proc", "/proc", "proc"),
        mount("tmpfs", "/dev/shm", "tmpfs"),
        mount("/dev/loop3", snap, "squashfs"),
        mount("/dev/loop4", snap, "ext4"),
        mount("systemd-1", a, "autofs"),
        mount("/dev/sda2", a, "ext4"),
        mount("/dev/sda2", b, "ext4"),  # the same one, bound elsewhere
        mount("/dev/sda2", str(tmp_path / "hosts"), "ext4"),  # a single file, as containers have them
        mount("overlay", b, "overlay"),  # somebody's container
    ) == [a]
    assert real(mount("overlay", "/", "overlay"), mount("/dev/sda2", b, "ext4")) == ["/", b]


def test_file_system_in_memory_counts_where_the_data_is(tmp_path: Path) -> None:
    mounts = (mount("tmpfs", str(tmp_path), "tmpfs"), mount("tmpfs", "/dev/shm", "tmpfs"))
    assert real(*mounts) == []
    assert real(*mounts, keep=tmp_path / "data") == [str(tmp_path)]


def test_server_that_hangs_has_one_thread_and_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    asked: list[str] = []

    def statvfs(path: str) -> Any:
        asked.append(path)
        released.wait(30)
        raise OSError("stale")

    partitions = [mount("server:/export", "/mnt/dead", "nfs4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: partitions)
    monkeypatch.setattr(os, "statvfs", statvfs)
    monkeypatch.setattr(disks, "ANSWER_S", 0.01)
    space = disks.Space()
    assert [space.read() for _ in range(5)] == [[]] * 5
    assert asked == ["/mnt/dead"]
    released.set()
    space._asked["/mnt/dead"].join(10)
    space.read()
    assert len(asked) == 2


def test_mount_that_may_not_be_seen_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> Any:
        raise PermissionError(path)

    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [mount("/dev/sda2", "/", "ext4")])
    monkeypatch.setattr(os, "statvfs", refuse)
    assert disks.Space().read() == []


def test_space_is_of_what_programs_may_use() -> None:
    found = by_name(
        disks.space(
            "/", SimpleNamespace(f_blocks=100, f_bfree=40, f_bavail=20, f_frsize=1024, f_files=1000, f_ffree=900)
        )
    )
    assert found["disk.used_pct /"] == 75  # 60 of 60 + 20, as df says
    assert (found["disk.used_bytes /"], found["disk.free_bytes /"]) == (60 * 1024, 20 * 1024)
    assert found["disk.inodes_used_pct /"] == 10
    without = disks.space(
        "/", SimpleNamespace(f_blocks=100, f_bfree=0, f_bavail=0, f_frsize=1024, f_files=0, f_ffree=0)
    )
    assert "disk.inodes_used_pct /" not in by_name(without)
    assert by_name(without)["disk.used_pct /"] == 100


def disk(scale: float, **other: float) -> SimpleNamespace:
    fields = {
        "read_bytes": 1000, "write_bytes": 4000, "read_count": 10, "write_count": 20,
        "read_time": 50, "write_time": 400, "busy_time": 300,
    }  # fmt: skip
    return SimpleNamespace(**({name: value * scale for name, value in fields.items()} | other))


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> disks.Traffic:
    monkeypatch.setattr(disks.os, "listdir", lambda path: ["sda", "sdb", "cciss!c0d0"])
    return disks.Traffic()


def test_traffic_of_disks_is_per_second_and_latency_per_operation(traffic: disks.Traffic) -> None:
    list(traffic.samples(0, {"sda": disk(1), "sda1": disk(1), "dm-0": disk(1), "loop0": disk(1)}))
    found = by_name(traffic.samples(10, {"sda": disk(2), "sda1": disk(2), "dm-0": disk(2), "loop0": disk(2)}))
    assert found == {
        "disk.read_bytes sda": 100,
        "disk.write_bytes sda": 400,
        "disk.read_ops sda": 1,
        "disk.write_ops sda": 2,
        "disk.busy_pct sda": 3,
        "disk.read_latency_ms sda": 5,
        "disk.write_latency_ms sda": 20,
    }


def test_no_operation_has_no_latency(traffic: disks.Traffic) -> None:
    list(traffic.samples(0, {"sda": disk(1)}))
    found = by_name(traffic.samples(10, {"sda": disk(1)}))
    assert found["disk.read_bytes sda"] == 0
    assert "disk.read_latency_ms sda" not in found


def test_disk_that_was_replaced_leaves_a_gap_and_the_others_go_on(traffic: disks.Traffic) -> None:
    list(traffic.samples(0, {"sda": disk(5), "sdb": disk(1)}))
    # Most of the other device's counters are higher, one is lower.
    found = by_name(traffic.samples(10, {"sda": disk(9, write_count=1), "sdb": disk(2)}))
    assert {name.split()[1] for name in found} == {"sdb"}
    found = by_name(traffic.samples(20, {"sdb": disk(3)}))
    assert {name.split()[1] for name in found} == {"sdb"}


def test_system_without_counters_of_disks_has_no_samples(
    traffic: disks.Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", lambda perdisk, nowrap: None)
    assert list(traffic.read(0)) == list(traffic.read(10)) == []


# ---- network -----------------------------------------------------------------------------------
def interface(scale: int) -> SimpleNamespace:
    names = ("bytes_recv", "bytes_sent", "packets_recv", "packets_sent", "errin", "errout", "dropin", "dropout")
    return SimpleNamespace(**{name: scale * 10 * (place + 1) for place, name in enumerate(names)})


def test_traffic_of_interfaces_is_per_second() -> None:
    interfaces = network.Interfaces()
    list(interfaces.samples(0, {"eth0": interface(1), "lo": interface(1), "veth12ab": interface(1)}, 5))
    found = by_name(interfaces.samples(10, {"eth0": interface(2), "lo": interface(2), "veth12ab": interface(2)}, 25))
    assert (found["network.bytes_in eth0"], found["network.bytes_out eth0"]) == (1, 2)
    assert (found["network.errors_in eth0"], found["network.drops_out eth0"]) == (5, 8)
    assert found["network.tcp_retransmits"] == 2
    assert len(found) == 9


def test_interface_whose_counters_fell_leaves_a_gap() -> None:
    interfaces = network.Interfaces()
    list(interfaces.samples(0, {"eth0": interface(5), "eth1": interface(1)}))
    found = by_name(interfaces.samples(10, {"eth0": interface(1), "eth1": interface(2)}))
    assert {name.split()[1] for name in found} == {"eth1"}


@pytest.mark.parametrize(
    ("name", "virtual"),
    [("lo", True), ("lo0", True), ("lan0", False), ("lowpan0", False), ("eth0", False), ("docker0", True),
     ("br-1f2", True), ("bond0", False), ("wg0", False), ("enp3s0", False), ("vethab", True)],
)  # fmt: skip
def test_virtual_ends_are_not_shown(name: str, virtual: bool) -> None:
    assert network.is_virtual(name) is virtual


def test_no_table_of_tcp_is_no_figure(tmp_path: Path) -> None:
    assert network.retransmitted(tmp_path / "none") is None
    (tmp_path / "snmp").write_text("Tcp: RtoMin\nTcp: 200\n")
    assert network.retransmitted(tmp_path / "snmp") is None


# ---- limits ------------------------------------------------------------------------------------
def files(root: Path, **texts: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (root / name.replace("__", ".")).write_text(text)


def test_limits_of_a_container(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/\n")
    files(root, cgroup__controllers="cpu memory", cpu__max="50000 100000", memory__max="1000", memory__current="600")
    files(root, memory__stat="anon 300\ninactive_file 200\n")
    files(root, cpu__stat="usage_usec 1000000\nnr_periods 100\nnr_throttled 10\n")
    container = Container(root, own)
    assert by_name(container.read(0)) == {
        "container.memory_limit_bytes": 1000,
        "container.memory_bytes": 400,
        "container.memory_pct": 40,
        "container.cpu_limit_cores": 0.5,
    }
    files(root, cpu__stat="usage_usec 3500000\nnr_periods 200\nnr_throttled 35\n")
    found = by_name(container.read(10))
    assert (found["container.cpu_pct"], found["container.throttled_pct"]) == (50, 25)


def test_limit_of_a_slice_above_a_service_counts(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/a.slice/b.service\n")
    files(root, cgroup__controllers="cpu memory")
    files(root / "a.slice", memory__max="500", memory__current="100", cpu__max="max 100000")
    files(root / "a.slice" / "b.service", memory__max="max", memory__current="90", cpu__max="max 100000")
    assert by_name(Container(root, own).read(0)) == {
        "container.memory_limit_bytes": 500,
        "container.memory_bytes": 100,
        "container.memory_pct": 20,
    }


def test_limits_of_version_1(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n")
    files(root / "memory", memory__limit_in_bytes="2000", memory__usage_in_bytes="900")
    files(root / "memory", memory__stat="total_inactive_file 100\n")
    files(root / "cpu", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000", cpuacct__usage="1000000000")
    container = Container(root, own)
    assert by_name(container.read(0))["container.memory_bytes"] == 800
    files(root / "cpu", cpuacct__usage="11000000000")
    assert by_name(container.read(10))["container.cpu_pct"] == 50


@pytest.mark.parametrize("text", ["", "0::/\n", "4:memory:/\n", "nonsense"])
def test_no_limit_is_no_figure(tmp_path: Path, text: str) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text(text)
    files(root / "memory", memory__limit_in_bytes=str(2**63 - 4096), memory__usage_in_bytes="900")
    files(root / "cpu", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert list(Container(root, own).read(0)) == []
    assert list(Container(tmp_path / "none", tmp_path / "none").read(0)) == []


# ---- services ----------------------------------------------------------------------------------
def test_statistics_that_were_reset_leave_a_gap() -> None:
    database = Database()
    counters = {"hit": 100.0, "read": 10.0, "database.deadlocks": 1.0}
    assert list(database.rates(0, counters)) == []
    assert list(database.rates(10, counters | {"hit": 3.0, "read": 11.0})) == []
    found = by_name(database.rates(20, {"hit": 93.0, "read": 21.0, "database.deadlocks": 2.0}))
    assert found == {"database.cache_hit_pct": 90, "database.deadlocks": 0.1}
    assert "database.cache_hit_pct" not in by_name(
        database.rates(30, {"hit": 93.0, "read": 21.0, "database.deadlocks": 2.0})
    )
