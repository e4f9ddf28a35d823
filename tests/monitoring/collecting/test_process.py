"""The collector as a process, beside a PostgreSQL and a Redis of its own that stop, hang and come back."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from fvdash.runtime.installation import REPOSITORY
from fvdash.runtime.postgres import DATABASE
from tests.servers import Servers

pytestmark = pytest.mark.slow
# What keeps warnings begins with the first of them, and each health check has a thread and a connection while it
# is asked: one that hangs keeps them, and is not asked again. More than these would grow with every tick.
MORE = 1 + 6


@dataclass
class Own:
    """Servers in a folder of their own, started and stopped by hand, and the collector beside them."""

    servers: Servers
    log: Any
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        base = {name: value for name, value in os.environ.items() if not name.startswith(("FVDASH_", "DATABASE_"))}
        # The template's name: nobody copies from it here.
        ours = self.servers.environment("main")
        postgres = self.servers.postgres
        ours["DATABASE_URL"], ours["DATABASE_OWNER_URL"] = postgres.app_url, postgres.owner_url
        return {**base, **ours, "DJANGO_SETTINGS_MODULE": "fvdash.settings", "PYTHONWARNINGS": "ignore"}

    def start_postgres(self) -> None:
        self.servers.postgres.clear_stale()
        with self.servers.postgres.command() as command:
            self.processes["postgres"] = command.start(output=self.log)
        until(self.servers.postgres.answers, "PostgreSQL")

    def start_redis(self) -> None:
        self.processes["redis"] = self.servers.redis.command().start(output=self.log)
        until(self.servers.redis.answers, "Redis")

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
        process.wait(30)

    @contextlib.contextmanager
    def hung(self, name: str) -> Iterator[None]:
        """None of its processes runs; what it holds stays open."""
        top = psutil.Process(self.processes[name].pid)
        top.suspend()
        every = [top, *top.children(recursive=True)]
        for one in every:
            one.suspend()
        try:
            yield
        finally:
            for one in reversed(every):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.resume()

    @contextlib.contextmanager
    def collector(self) -> Iterator[psutil.Popen]:
        """One that samples every second."""
        process = psutil.Popen(
            [sys.executable, "manage.py", "collector", "--every", "1"],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(10)

    def rounds(self, source: str) -> list[float]:
        """Times of the rounds kept of "host", "database" or "redis"."""
        with psycopg.connect(self.servers.postgres.superuser_url(DATABASE)) as connection:
            rows = connection.execute(
                "SELECT extract(epoch FROM at)::float8 FROM monitoring_raw WHERE once LIKE %s ORDER BY at",
                [f"{source}@%"],
            )
            return [at for (at,) in rows]

    def forget(self) -> None:
        with psycopg.connect(self.servers.postgres.superuser_url(DATABASE)) as connection:
            connection.execute("TRUNCATE monitoring_raw")


def until(ready: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def own() -> Iterator[Own]:
    with tempfile.TemporaryDirectory(prefix="fvdash-test-") as name, (Path(name) / "log").open("wb") as log:
        one = Own(Servers(Path(name)), log)
        try:
            one.servers.postgres.initialise()
            one.start_postgres()
            one.start_redis()
            one.servers.postgres.create_database()
            migrate = [sys.executable, "manage.py", "migrate", "--database=owner", "--no-input", "--verbosity=0"]
            subprocess.run(migrate, cwd=REPOSITORY, env=one.environment, check=True, timeout=120)
            yield one
        finally:
            for process in one.processes.values():
                process.kill() if process is not one.processes.get("postgres") else process.send_signal(signal.SIGQUIT)
                process.wait(30)


@pytest.fixture
def clean(own: Own) -> Own:
    """Both run, whatever the test before left."""
    if "postgres" not in own.processes:
        own.start_postgres()
    if "redis" not in own.processes:
        own.start_redis()
    own.forget()
    return own


def gaps(times: list[float]) -> list[float]:
    """Lengths of what is missing between rounds that should be a second apart. A loaded machine may skip one or
    two ticks that short; an outage here takes longer than that."""
    return [after - before for before, after in itertools.pairwise(times) if after - before > 3.01]


def test_it_samples_on_the_clock_and_ends_at_once(clean: Own) -> None:
    with clean.collector() as process:
        until(lambda: len(clean.rounds("host")) >= 3 and len(clean.rounds("redis")) >= 3, "rounds")
        process.terminate()
        assert process.wait(10) == 0
    times = clean.rounds("host")
    assert all(at == int(at) for at in times)
    assert set(clean.rounds("database")) <= set(times)


def test_killed_it_loses_a_tick_at_most(clean: Own) -> None:
    with clean.collector() as process:
        until(lambda: len(clean.rounds("host")) >= 3, "rounds")
        process.kill()
        killed = time.time()
        process.wait(10)
    # Loaded machines take a moment from the tick to the row.
    assert clean.rounds("host")[-1] >= killed - 2.5


@pytest.mark.parametrize("way", ["hung", "stopped"])
def test_without_postgresql_it_goes_on_and_writes_later(clean: Own, way: str) -> None:
    with clean.collector() as process:
        until(lambda: len(clean.rounds("host")) >= 3 and clean.rounds("redis"), "rounds")
        threads, files = process.num_threads(), process.num_fds()
        if way == "hung":
            with clean.hung("postgres"):
                # Longer than it has patience with one statement.
                time.sleep(11)
                most = process.num_threads(), process.num_fds()
        else:
            clean.stop("postgres")
            time.sleep(5)
            most = process.num_threads(), process.num_fds()
            clean.start_postgres()
        back = time.time()
        until(lambda: clean.rounds("host")[-1] >= back + 2, "what waited", 30)
        assert most[0] <= threads + MORE
        assert most[1] <= files + 2 * MORE
        # The host was sampled all the time, and Redis too: the leader of before goes on.
        assert gaps(clean.rounds("host")) == []
        assert max(gaps(clean.rounds("redis")), default=0) < (14 if way == "hung" else 4)
        until(lambda: clean.rounds("database")[-1] >= back, "a leader", 30)
        process.terminate()
        assert process.wait(10) == 0


def test_ends_at_once_while_postgresql_hangs(clean: Own) -> None:
    with clean.collector() as process:
        until(lambda: len(clean.rounds("host")) >= 2, "rounds")
        with clean.hung("postgres"):
            time.sleep(2)
            process.terminate()
            assert process.wait(10) == 0


@pytest.mark.parametrize("way", ["hung", "stopped"])
def test_without_redis_everything_else_goes_on(clean: Own, way: str) -> None:
    with clean.collector() as process:
        until(lambda: len(clean.rounds("redis")) >= 2, "rounds")
        threads = process.num_threads()
        with clean.hung("redis") if way == "hung" else contextlib.nullcontext():
            if way == "stopped":
                clean.stop("redis")
            began = time.time()
            until(lambda: clean.rounds("host")[-1] >= began + 8, "rounds of the host", 30)
            assert process.num_threads() <= threads + MORE
            assert gaps(clean.rounds("host")) == []
            assert gaps(clean.rounds("database")) == []
        if way == "stopped":
            clean.start_redis()
        back = time.time()
        until(lambda: clean.rounds("redis")[-1] >= back, "rounds of Redis", 30)


def test_starts_without_either_and_waits_for_them(clean: Own) -> None:
    clean.stop("redis")
    clean.stop("postgres")
    try:
        with clean.collector() as process:
            time.sleep(6)
            assert process.poll() is None
            clean.start_postgres()
            back = time.time()
            until(lambda: (clean.rounds("host") or [0])[-1] >= back, "rounds", 30)
            # Some of them are from before the database was there.
            assert clean.rounds("host")[0] < back - 1
    finally:
        for name in ("postgres", "redis"):
            if name not in clean.processes:
                getattr(clean, f"start_{name}")()


def test_second_collector_reads_its_host_only(clean: Own) -> None:
    with clean.collector() as first:
        until(lambda: clean.rounds("database"), "a leader")
        with clean.collector() as second:
            time.sleep(4)
            assert second.poll() is None
            before = clean.rounds("database")
            assert len(before) == len(set(before))
            first.kill()
            first.wait(10)
            left = time.time()
            until(lambda: clean.rounds("database")[-1] > left, "another leader", 30)
