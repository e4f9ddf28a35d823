"""The tests' own PostgreSQL and Redis, made as an installation makes them, and a database per worker."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from fvdash.runtime.installation import Installation
from fvdash.runtime.postgres import APP, DATABASE, OWNER, Postgres
from fvdash.runtime.postgres import TUNING as POSTGRES_TUNING
from fvdash.runtime.redis import TUNING as REDIS_TUNING
from fvdash.runtime.redis import Redis

TEMPLATE = DATABASE
FOLDER = "FVDASH_TEST_FOLDER"


@dataclass(frozen=True)
class Servers:
    """Both servers below one temporary folder, shared by every pytest process of a run."""

    folder: Path

    @classmethod
    def of_this_run(cls) -> Servers:
        """The folder that the first process of the run made; workers inherit it in their environment."""
        if FOLDER not in os.environ:
            os.environ[FOLDER] = tempfile.mkdtemp(prefix="fvdash-test-")
            # Also when nothing was started: a collection only, a usage error.
            atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
        return cls(Path(os.environ[FOLDER]))

    @property
    def postgres(self) -> Postgres:
        """The cluster; nothing in it has to survive a crash."""
        speed = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "128MB",
        }
        tuning = {**POSTGRES_TUNING, **speed, "log_min_messages": "fatal", "max_connections": "200"}
        return Postgres(self.folder / "pg", self.folder / "sock", Installation(self.folder).secrets(), tuning)

    @property
    def redis(self) -> Redis:
        """One server; each worker has a database of its own in it."""
        tuning = {**REDIS_TUNING, "appendonly": "no", "databases": "64"}
        return Redis(self.folder / "redis", self.folder / "sock-redis" / "redis.sock", tuning)

    def database(self, worker: str) -> str:
        """Name of a worker's database."""
        return f"{DATABASE}_{worker}"

    def environment(self, worker: str) -> dict[str, str]:
        """What the settings of a worker read."""
        postgres, name = self.postgres, self.database(worker)
        index = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
        return {
            "DATABASE_URL": postgres.url(APP, postgres.secrets.app, name),
            "DATABASE_OWNER_URL": postgres.url(OWNER, postgres.secrets.owner, name),
            "REDIS_URL": f"unix://{quote(str(self.redis.socket))}?db={index}",
            "FVDASH_SECRET_KEY": "of the tests only, long enough for the deployment check to accept it",
            "FVDASH_DATA_DIR": str(self.folder / "data" / worker),
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Starts both; stops both and removes the folder whatever happens."""
        children: list[subprocess.Popen[bytes]] = []
        try:
            self.postgres.initialise()
            with (self.folder / "servers.log").open("wb") as log:
                with self.postgres.command() as command:
                    children.append(command.start(output=log))
                children.append(self.redis.command().start(output=log))
            _wait(self.postgres.answers, children[0], self.folder / "servers.log")
            _wait(self.redis.answers, children[1], self.folder / "servers.log")
            self.postgres.create_database(TEMPLATE)
            yield
        finally:
            for child in children:
                # Immediate shutdown: what it would write is thrown away in a moment.
                child.kill() if child is not children[0] else child.send_signal(3)
            for child in children:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(10)
                child.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def migrate_once(self, migrate: Callable[[], None]) -> None:
        """Runs `migrate`, which fills the template, in one process of the run; the others wait for it."""
        marker = self.folder / "migrated"
        with (self.folder / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not marker.exists():
                migrate()
                marker.touch()

    def clone(self, worker: str) -> None:
        """Gives the worker a fresh copy of the template, whatever its database held."""
        name, app = sql.Identifier(self.database(worker)), sql.Identifier(APP)
        # One at a time: a template that another session reads cannot be copied.
        with (self.folder / "clone.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with psycopg.connect(self.postgres.superuser_url(), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
                self._copy_template(connection, name)
                # Privileges of a database, unlike those inside it, are not copied.
                connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
                connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, app))

    def _copy_template(self, connection: psycopg.Connection[tuple[object, ...]], name: sql.Identifier) -> None:
        """On a busy machine the server's own vacuum may stay in the template for longer than it is waited for."""
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
            name, sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
        )
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        for left in reversed(range(10)):
            connection.execute(others, [TEMPLATE])
            try:
                connection.execute(copy)
                return
            except psycopg.errors.ObjectInUse:
                if not left:
                    raise


def _wait(answers: Callable[[], bool], child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not answers():
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"a test server did not start:\n{log.read_text()}")
        time.sleep(0.02)
