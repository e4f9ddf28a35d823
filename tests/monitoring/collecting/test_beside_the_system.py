"""Readings beside what the kernel and its tools say in the same second, and loads of known size."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest

from monitoring.collecting import clock, disks, host, network
from monitoring.collecting.process import Self
from monitoring.store import Sampled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux's /proc")
KIB, MIB = 1024, 1024 * 1024


def by_name(samples: Iterable[Sampled]) -> dict[str, float]:
    return {" ".join([one.metric, *one.labels.values()]): one.value for one in samples}


def meminfo() -> dict[str, int]:
    """/proc/meminfo in bytes."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) * KIB for row in rows}


def stat() -> list[int]:
    """The kernel's own sum over all cores: user, nice, system, idle, iowait, irq, softirq, steal, in ticks."""
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def diskstats(device: str) -> list[int]:
    rows = (line.split() for line in Path("/proc/diskstats").read_text().splitlines())
    return next([int(word) for word in row[3:]] for row in rows if row[2] == device)


@contextlib.contextmanager
def spinning(seconds: float) -> Iterator[None]:
    """One process that keeps one core busy for so long of its own processor time."""
    program = f"import time\nwhile time.process_time() < {seconds}: pass"
    child = subprocess.Popen([sys.executable, "-c", program])
    try:
        yield
        child.wait(60)
    finally:
        child.kill()
        child.wait()


# ---- processor ---------------------------------------------------------------------------------
def test_processor_beside_proc_stat() -> None:
    processor = host.Processor()
    before = stat()
    list(processor.read(clock.elapsed()))
    with spinning(0.7):
        pass
    found = by_name(processor.read(clock.elapsed()))
    spent = [now - then for now, then in zip(stat(), before, strict=True)]
    total = sum(spent)
    # A tick is 10 ms: what was spent between the two readings of each pair is all that may differ.
    assert found["cpu_pct"] == pytest.approx(100 * (total - spent[3] - spent[4]) / total, abs=6)
    assert found["cpu.mode_pct user"] == pytest.approx(100 * spent[0] / total, abs=6)
    assert found["cpu.mode_pct system"] == pytest.approx(100 * spent[2] / total, abs=6)
    assert found["cpu_pct"] == pytest.approx(
        sum(found[f"cpu.core_pct {core}"] for core in range(os.cpu_count() or 1)) / (os.cpu_count() or 1), abs=1
    )


def test_burn_of_known_size_appears_as_such() -> None:
    """Two seconds of processor time are that many core-seconds, whatever else runs. Asking for the
    time spent is a call of the system, so a part of it is the system's."""
    processor = host.Processor()
    worked = stat()[0] + stat()[2]
    list(processor.read(began := clock.elapsed()))
    with spinning(2.0):
        pass
    found = by_name(processor.read(ended := clock.elapsed()))
    cores = os.cpu_count() or 1
    share = found["cpu.mode_pct user"] + found["cpu.mode_pct system"]
    seconds = share / 100 * (ended - began) * cores
    assert seconds >= 1.9
    assert seconds == pytest.approx((stat()[0] + stat()[2] - worked) / os.sysconf("SC_CLK_TCK"), abs=0.3)
    assert max(found[f"cpu.core_pct {core}"] for core in range(cores)) >= 100 * 1.9 / (ended - began) / cores


@pytest.mark.skipif(not shutil.which("vmstat"), reason="no vmstat here")
def test_processor_beside_vmstat() -> None:
    processor = host.Processor()
    list(processor.read(clock.elapsed()))
    with spinning(0.5):
        last = subprocess.run(["vmstat", "-n", "1", "2"], capture_output=True, text=True, check=True).stdout
    found = by_name(processor.read(clock.elapsed()))
    names, row = (line.split() for line in (last.splitlines()[1], last.splitlines()[-1]))
    idle = sum(int(row[names.index(mode)]) for mode in ("id", "wa"))
    # Whole percents of a second that is not quite the same one.
    assert 100 - found["cpu_pct"] == pytest.approx(idle, abs=25)


def test_load_beside_proc_loadavg() -> None:
    words = Path("/proc/loadavg").read_text().split()
    found = by_name(host.load())
    assert [found[f"load.{span}"] for span in ("1m", "5m", "15m")] == pytest.approx(
        [float(word) for word in words[:3]], abs=0.5
    )


# ---- memory ------------------------------------------------------------------------------------
def test_memory_and_swap_beside_proc_meminfo() -> None:
    kernel, found = meminfo(), by_name([*host.memory(), *host.swap()])
    assert found["memory.total_bytes"] == kernel["MemTotal"]
    assert found["memory.available_bytes"] == pytest.approx(kernel["MemAvailable"], abs=64 * MIB)
    assert found["memory.used_bytes"] == pytest.approx(kernel["MemTotal"] - kernel["MemAvailable"], abs=64 * MIB)
    cached = kernel["Buffers"] + kernel["Cached"] + kernel["SReclaimable"]
    assert found["memory.cached_bytes"] == pytest.approx(cached, abs=64 * MIB)
    assert found["swap.total_bytes"] == kernel["SwapTotal"]
    assert found["swap.used_bytes"] == pytest.approx(kernel["SwapTotal"] - kernel["SwapFree"], abs=16 * MIB)
    assert ("swap.used_pct" in found) is (kernel["SwapTotal"] > 0)


def test_allocation_of_known_size_appears_as_such() -> None:
    """Of four GiB taken one after the other. The first is only to empty the kernel's lists of pages that somebody
    gave back just before: they are free, and not counted as available yet."""
    size = 1024 * MIB
    if meminfo()["MemAvailable"] < 6 * size:
        pytest.skip("less than 6 GiB of memory are available")
    seen = []
    with contextlib.ExitStack() as held:
        for _ in range(4):
            before = by_name(host.memory())
            taken = held.enter_context(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
            # Pages count once they are written to.
            for place in range(0, size, mmap.PAGESIZE):
                taken[place] = 1
            during = by_name(host.memory())
            seen.append(during["memory.used_bytes"] - before["memory.used_bytes"])
            assert before["memory.available_bytes"] - during["memory.available_bytes"] == seen[-1]
    # Others take and give back meanwhile: the middle one is undisturbed.
    assert statistics.median(seen[1:]) == pytest.approx(size, rel=0.1)


# ---- disks -------------------------------------------------------------------------------------
def test_space_beside_df() -> None:
    found = by_name(disks.Space().read())
    mounts = {name.split(" ", 1)[1] for name in found if name.startswith("disk.used_pct")}
    assert "/" in mounts
    for path in mounts:
        fields = "--output=size,used,avail,pcent,itotal,ipcent"
        row = subprocess.run(["df", "--block-size=1", fields, path], capture_output=True, text=True, check=True)
        size, used, free, share, inodes, inodes_share = row.stdout.splitlines()[1].split()
        assert found[f"disk.total_bytes {path}"] == int(size)
        assert found[f"disk.used_bytes {path}"] == pytest.approx(int(used), abs=256 * MIB)
        assert found[f"disk.free_bytes {path}"] == pytest.approx(int(free), abs=256 * MIB)
        # df rounds up.
        assert found[f"disk.used_pct {path}"] == pytest.approx(int(share.rstrip("%")) - 0.5, abs=1.5)
        if int(inodes):
            assert found[f"disk.inodes_used_pct {path}"] == pytest.approx(int(inodes_share.rstrip("%")) - 0.5, abs=1.5)


def _device_of(folder: Path) -> str:
    """The whole disk that a folder is on; skips where that cannot be told."""
    number = os.stat(folder).st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not block.exists():
        pytest.skip("the temporary folder is on no disk of its own")
    found = block.resolve()
    name = found.parent.name if (found / "partition").exists() else found.name
    if name not in disks.whole(psutil.disk_io_counters(perdisk=True)):
        pytest.skip(f"{name} is stacked on other disks")
    return name


def test_write_of_known_size_appears_on_its_disk(tmp_path: Path) -> None:
    device, size = _device_of(tmp_path), 96 * MIB
    traffic = disks.Traffic()
    before = diskstats(device)
    list(traffic.read(began := clock.elapsed()))
    with (tmp_path / "written").open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
        file.flush()
        os.fsync(file.fileno())
    found = by_name(traffic.read(ended := clock.elapsed()))
    after = diskstats(device)
    seconds, kernel = ended - began, [now - then for now, then in zip(after, before, strict=True)]
    written, operations, busy = kernel[6] * 512, kernel[4], kernel[9]
    assert found[f"disk.write_bytes {device}"] * seconds >= 0.95 * size
    assert found[f"disk.write_bytes {device}"] * seconds == pytest.approx(written, rel=0.2)
    assert found[f"disk.write_ops {device}"] * seconds == pytest.approx(operations, rel=0.3, abs=20)
    assert found[f"disk.busy_pct {device}"] <= 100
    assert found[f"disk.busy_pct {device}"] == pytest.approx(min(100, busy / 10 / seconds), rel=0.3, abs=5)
    assert found[f"disk.write_latency_ms {device}"] == pytest.approx(kernel[7] / operations, rel=0.5, abs=2)


# ---- network -----------------------------------------------------------------------------------
def test_interfaces_beside_proc_net_dev() -> None:
    def counters() -> dict[str, list[int]]:
        rows = (line.split(":", 1) for line in Path("/proc/net/dev").read_text().splitlines()[2:])
        return {name.strip(): [int(word) for word in words.split()] for name, words in rows}

    interfaces = network.Interfaces()
    before = counters()
    list(interfaces.read(began := clock.elapsed()))
    time.sleep(0.2)
    found = by_name(interfaces.read(ended := clock.elapsed()))
    after = counters()
    shown = {name.split()[1] for name in found if " " in name}
    assert shown == {name for name in after if not network.is_virtual(name) and (after[name][0] or after[name][8])}
    for name in shown:
        for metric, place in (("bytes_in", 0), ("packets_in", 1), ("bytes_out", 8), ("packets_out", 9)):
            grown = after[name][place] - before[name][place]
            assert found[f"network.{metric} {name}"] * (ended - began) <= grown + 1e-6


def test_bytes_over_an_interface_are_counted() -> None:
    """Sent to an address of documentation, which nobody answers: it leaves all the same."""
    import socket

    route = subprocess.run(["ip", "-j", "route", "get", "192.0.2.1"], capture_output=True, text=True, check=False)
    if route.returncode != 0:
        pytest.skip("no route leads out of this machine")
    name = json.loads(route.stdout)[0]["dev"]
    if network.is_virtual(name):
        pytest.skip(f"{name} is a virtual end")
    interfaces = network.Interfaces()
    list(interfaces.read(began := clock.elapsed()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(1000):
            try:
                out.sendto(bytes(1000), ("192.0.2.1", 9))
            except OSError:
                pytest.skip("nothing may be sent out of this machine")
    time.sleep(0.3)
    found = by_name(interfaces.read(ended := clock.elapsed()))
    sent = found.get(f"network.bytes_out {name}", 0.0) * (ended - began)
    if sent == 0:
        pytest.skip("nothing leaves this machine")
    assert sent >= 0.9 * 1000 * 1028


def test_segments_sent_again_beside_the_systems_tool() -> None:
    again = network.retransmitted(network.SNMP)
    assert again is not None
    table = Path("/proc/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in table if line.startswith("Tcp:"))
    assert again <= int(dict(zip(names, values, strict=True))["RetransSegs"]) <= again + 1000


# ---- itself ------------------------------------------------------------------------------------
def test_collector_says_what_it_costs_itself() -> None:
    own = Self()
    list(own.read(began := clock.elapsed(), 0.0, 0))
    while clock.elapsed() - began < 0.3:
        pass
    found = by_name(own.read(clock.elapsed(), 0.012, 3))
    assert found["collector.cpu_pct"] > 20
    assert found["collector.memory_bytes"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)
    assert (found["collector.duration_ms"], found["collector.waiting"]) == (12, 3)
