"""What real processes counted arrives: merged, after an end, after a fork, and all but seconds after a kill."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from django.db import connection

from monitoring.requests import histogram

pytestmark = pytest.mark.django_db(transaction=True)

# Durations in ms of one process of four, decided by its number alone.
DISTRIBUTIONS = """
    import random
    def durations(name, part, count):
        r = random.Random(f"{name}-{part}")
        make = {
            "lognormal": lambda: r.lognormvariate(3, 1),
            "bimodal": lambda: r.gauss(5, 0.5) if r.random() < 0.9 else r.gauss(900, 90),
            "heavy": lambda: 2 * r.paretovariate(0.9),
            "constant": lambda: 37.0,
            "tiny": lambda: r.uniform(0.002, 0.09),
        }[name]
        return [max(0.001, make()) for _ in range(count)]
"""
NAMES = ("lognormal", "bimodal", "heavy", "constant", "tiny")
PARTS, EACH = 4, 25_000


def _start(program: str, **more: str) -> subprocess.Popen[str]:
    head = "import os, sys, time, django\ndjango.setup()\nfrom monitoring import recording\n"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "fvdash.settings", **more}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", head + textwrap.dedent(program)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _counted(route: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(count), 0) FROM monitoring_endpointminute"
            " JOIN monitoring_endpoint ON id = endpoint_id WHERE route = %s",
            [route],
        )
        return int(cursor.fetchone()[0])


def test_percentiles_of_100000_requests_of_four_processes_are_within_five_percent() -> None:
    program = (
        textwrap.dedent(DISTRIBUTIONS)
        + f"""
for name in {NAMES!r}:
    for ms in durations(name, os.environ["PART"], {EACH}):
        recording.requests.add(name, "GET", 200, ms)
recording.flush()
"""
    )
    running = [_start(program, PART=str(part)) for part in range(PARTS)]
    for process in running:
        process.communicate(timeout=120)
    assert [process.returncode for process in running] == [0] * PARTS
    scope: dict[str, object] = {}
    exec(textwrap.dedent(DISTRIBUTIONS), scope)
    shares = (0.5, 0.95, 0.99)
    for name in NAMES:
        exact = sorted(ms for part in range(PARTS) for ms in scope["durations"](name, part, EACH))  # type: ignore[operator]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {histogram.PACKED} FROM monitoring_endpointminute JOIN monitoring_endpoint"
                " ON id = endpoint_id WHERE route = %s",
                [name],
            )
            counts = histogram.unpack(1, [(0, False, slots, counts) for slots, counts in cursor.fetchall()])
        assert counts.sum() == PARTS * EACH
        for share, found in zip(shares, histogram.quantiles(counts, shares)[0], strict=True):
            assert found is not None
            right = exact[math.ceil(share * len(exact)) - 1]
            assert abs(found - right) / right < 0.0444, (name, share, found, right)


def test_percentile_is_within_five_percent_of_any_few_durations() -> None:
    dice = random.Random(4)
    for _round in range(300):
        durations = sorted(10 ** dice.uniform(-3, 6) for _ in range(dice.randint(1, 40)))
        counts = histogram.unpack(1, [])
        for ms in durations:
            counts[0, histogram.slot(ms)] += 1
        for share, found in zip(
            (0.01, 0.5, 0.95, 1.0), histogram.quantiles(counts, (0.01, 0.5, 0.95, 1.0))[0], strict=True
        ):
            right = durations[math.ceil(share * len(durations)) - 1]
            assert found is not None
            assert abs(found - right) / right <= histogram.WORST_ERROR + 1e-9


def test_nothing_counted_has_no_percentile() -> None:
    assert histogram.quantiles(histogram.unpack(2, []), (0.5,)) == [[None], [None]]


def test_process_writes_what_it_counted_when_it_ends() -> None:
    """A real process with its own thread: a request, then a plain end; and the same after a fork."""
    process = _start(
        """
        from django.conf import settings
        settings.ALLOWED_HOSTS = ["testserver"]
        recording.STOP_S = 30  # a loaded machine may need more than an ending process is given
        from django.test import Client
        Client().get("/api/health")
        child = os.fork()
        if child == 0:
            Client().get("/api/health")
            Client().get("/api/health")
            from monitoring.recording import flusher
            flusher.stop()
            os._exit(0)
        os.waitpid(child, 0)
        """
    )
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert _counted("/api/health") == 3


def test_killed_process_loses_what_it_counted_since_its_last_write_and_nothing_else() -> None:
    process = _start(
        """
        recording.FLUSH_S = 0.2
        for number in range(1000):
            recording.requests.add("/kept", "GET", 200, 5.0)
        recording.flusher.ensure()
        print("counted", flush=True)
        sys.stdin.readline()
        recording.FLUSH_S = 3600
        time.sleep(1)  # the round that still had the short wait
        for number in range(10):
            recording.requests.add("/lost", "GET", 200, 5.0)
        print("more", flush=True)
        sys.stdin.readline()
        """
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "counted\n"
        deadline = time.monotonic() + 60
        while _counted("/kept") < 1000 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == "more\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert (_counted("/kept"), _counted("/lost")) == (1000, 0)
