"""`manage.py up`: what is started in which order, and what a first start does besides."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from fvdash.runtime import preflight
from fvdash.runtime.console import Console
from fvdash.runtime.installation import REPOSITORY, Endpoints, Installation, create_once
from fvdash.runtime.postgres import Postgres, ServerError
from fvdash.runtime.preflight import StartError
from fvdash.runtime.processes import Command
from fvdash.runtime.redis import Redis
from fvdash.runtime.supervisor import MARK, Service, Stopped, Supervisor

# sun_path holds 108 bytes with its terminator; the longest name below the folder is PostgreSQL's lock.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
FIRST_PASSWORD = "first_password"  # noqa: S105


def up() -> int:
    """Runs the installation until it is told to stop; returns the exit code."""
    installation: Installation = settings.INSTALLATION
    console = Console()
    try:
        with preflight.locked(installation.data_dir):
            supervisor = Supervisor(installation.data_dir, console)
            with supervisor.listening():
                _Start(installation, supervisor).run()
    except Stopped:
        pass
    except (StartError, ServerError) as error:
        full = preflight.full_disk(installation.data_dir)
        print(f"fvdash: {f'{full}: ' if full else ''}{error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        # A full disk, a program that may not be run: its message names the file.
        print(f"fvdash: {error}", file=sys.stderr, flush=True)
        return 1
    console.line("up", "stopped")
    return 0


@dataclass
class _Start:
    installation: Installation
    supervisor: Supervisor
    begun: float = field(default_factory=time.monotonic)
    # What the settings of this process were made from.
    known: Endpoints | None = None

    def run(self) -> None:
        self.supervisor.end_leftovers()
        preflight.port_is_free(settings.HOST, settings.PORT)
        self._given_servers_answer()
        if not self.installation.has_done("demo"):
            self.supervisor.say(f"first start in {self.installation.data_dir}: this takes a moment, later ones seconds")
        with self._sockets() as sockets:
            self._servers(sockets)
            self._migrate()
            password = self._first_admin()
            self._demo()
            self._processes()
            self._welcome(password)
            self.supervisor.run()

    # ---- PostgreSQL and Redis ------------------------------------------------------------------
    @contextmanager
    def _sockets(self) -> Iterator[Path]:
        """A private folder whose path fits into a socket's address."""
        folder = self.installation.data_dir / "run"
        if len(os.fsencode(folder / "pg")) <= LONGEST_SOCKET_FOLDER:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            yield folder
            return
        short = Path(tempfile.mkdtemp(prefix="fvdash-"))
        try:
            yield short
        finally:
            # Services still hold sockets in it: the supervisor stops them before it leaves this context.
            self.supervisor.stop()
            shutil.rmtree(short, ignore_errors=True)

    def _given_servers_answer(self) -> None:
        """Asked before anything is started, so that the line that names a wrong one stands alone."""
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            if settings.ENV[name]:
                preflight.database_answers(name, settings.ENV[name], owner=name == "DATABASE_OWNER_URL")
        if settings.ENV["REDIS_URL"]:
            preflight.redis_answers("REDIS_URL", settings.REDIS_URL)
        elif not settings.EMBEDDED_REDIS:
            preflight.redis_answers(
                "UPSTASH_REDIS_REST_URL", settings.REDIS_URL, settings.ENV["UPSTASH_REDIS_REST_URL"]
            )

    def _servers(self, sockets: Path) -> None:
        data, self.known = self.installation.data_dir, self.installation.read()
        postgres = Postgres(data / "postgres", sockets / "pg", self.installation.secrets())
        redis = Redis(data / "redis", sockets / "redis.sock")
        if settings.EMBEDDED_DATABASE:
            self._start_postgres(postgres)
        if settings.EMBEDDED_REDIS:
            service = Service("redis", lambda: _ready(redis.command()), grace=10)
            self.supervisor.start(service)
            # It reads its whole log back before it answers.
            self.supervisor.wait_until(redis.answers, service, seconds=120)
        if settings.EMBEDDED:
            self.installation.write(Endpoints(postgres.app_url, postgres.owner_url, redis.url))
        elif self.known:
            (data / "runtime.json").unlink(missing_ok=True)

    def _start_postgres(self, postgres: Postgres) -> None:
        begun = time.monotonic()
        postgres.clear_stale()
        if postgres.initialise():
            self.supervisor.say(f"made a PostgreSQL cluster in {time.monotonic() - begun:.1f} s")
        service = Service("postgres", postgres.command, grace=30, before=postgres.clear_stale)
        self.supervisor.start(service)
        # Recovery after a crash reads the write-ahead log back first.
        self.supervisor.wait_until(postgres.answers, service, seconds=300)
        if not self.installation.has_done("database"):
            postgres.create_database()
            self.installation.mark_done("database")

    # ---- schema, first admin, demo data --------------------------------------------------------
    def _migrate(self) -> None:
        if "owner" in settings.DATABASES or settings.EMBEDDED_DATABASE:
            if self._schema_is_current():
                return
            self._step("migrations", "migrate", "--database=owner", "--no-input", "--verbosity=1", show=False)
            return
        try:
            self._step("check of the schema", "migrate", "--check", "--database=default", show=False)
        except StartError:
            raise StartError(
                "the database lacks migrations: set DATABASE_OWNER_URL to the role that owns the tables"
            ) from None

    def _schema_is_current(self) -> bool:
        """Whether no migration is pending; asked in this process, for another takes seconds to come up."""
        endpoints = self.installation.read() if settings.EMBEDDED_DATABASE else None
        if "owner" not in settings.DATABASES or (endpoints and endpoints != self.known):
            return False
        owner = connections["owner"]
        try:
            executor = MigrationExecutor(owner)
            self._tell_newer(executor.loader)
            return not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return False
        finally:
            owner.close()

    def _tell_newer(self, loader: MigrationLoader) -> None:
        """Migrations only add, so an older version runs on; but a person who took it by mistake should know."""
        ours = {app for app, _ in loader.disk_migrations}
        unknown = [key for key in loader.applied_migrations if key[0] in ours and key not in loader.disk_migrations]
        newer = ", ".join(f"{app}.{name}" for app, name in sorted(unknown))
        if newer:
            self.supervisor.say(f"WARNING: a newer version migrated this database ({newer}): this one is older")

    def _first_admin(self) -> str | None:
        """The password to show once, when this installation's first admin has one that we made."""
        if self.installation.has_done("admin"):
            return None
        given = settings.ENV["FVDASH_ADMIN_PASSWORD"]
        kept = self.installation.data_dir / FIRST_PASSWORD
        # Kept until it was shown: a start interrupted in between must not lose it.
        password = given or create_once(kept, secrets.token_urlsafe(15))
        lines = self._step("first admin", "first_admin", show=False, environment={"FVDASH_ADMIN_PASSWORD": password})
        outcome = lines[-1] if lines else ""
        # Kept: a start that was killed after the account was made and before it could say so.
        ours = outcome == "created" or (outcome == "kept" and (settings.EMBEDDED_DATABASE or not given))
        if not ours:
            # People were there before (an external database): nothing to show.
            kept.unlink(missing_ok=True)
            self.installation.mark_done("admin")
            if not settings.EMBEDDED_DATABASE:
                self.installation.mark_done("demo")
            return None
        return None if given else password

    def _demo(self) -> None:
        if self.installation.has_done("demo"):
            return
        if settings.ENV["FVDASH_DEMO"]:
            self.supervisor.say("loading demo data (FVDASH_DEMO=0 starts empty)")
            self._step("demo data", "demo", "load")
        self.installation.mark_done("demo")

    # ---- web, worker, beat, collector ----------------------------------------------------------
    def _processes(self) -> None:
        data = self.installation.data_dir
        (data / "beat").mkdir(mode=0o700, exist_ok=True)
        web = Service("web", lambda: _ready(self._python(*web_arguments(settings.HOST, settings.PORT))), grace=10)
        celery = ("-m", "celery", "--app", "fvdash", "--quiet")
        worker = (
            *celery,
            "worker",
            "--concurrency=2",
            "--loglevel=INFO",
            "--without-gossip",
            "--without-mingle",
        )
        beat = (*celery, "beat", "--loglevel=INFO", f"--schedule={data / 'beat' / 'schedule'}", "--pidfile=")
        collector = ("manage.py", "collector")
        # Stopped in the opposite order: web, collector, beat, worker.
        self.supervisor.start(Service("worker", lambda: _ready(self._python(*worker)), grace=20))
        self.supervisor.start(Service("beat", lambda: _ready(self._python(*beat)), grace=5))
        self.supervisor.start(Service("collector", lambda: _ready(self._python(*collector)), grace=15))
        self.supervisor.start(web)
        self.supervisor.wait_until(lambda: web_answers(settings.HOST, settings.PORT), web, seconds=60)

    def _welcome(self, password: str | None) -> None:
        say, took = self.supervisor.say, time.monotonic() - self.begun
        say(f"ready in {took:.1f} s: {_address()}")
        if not self.installation.has_done("admin"):
            secret = f"password {password}  (shown only this once)" if password else "your FVDASH_ADMIN_PASSWORD"
            say(f"sign in as {settings.ENV['FVDASH_ADMIN_EMAIL']} with {secret}")
            self.installation.mark_done("admin")
            (self.installation.data_dir / FIRST_PASSWORD).unlink(missing_ok=True)
        say("Ctrl-C stops everything")

    def _step(
        self, title: str, *arguments: str, show: bool = True, environment: dict[str, str] | None = None
    ) -> list[str]:
        command = self._python("manage.py", *arguments, environment=environment)
        return self.supervisor.step(title, command, show=show)

    def _python(self, *arguments: str, environment: dict[str, str] | None = None) -> Command:
        return Command(
            [sys.executable, *arguments],
            environment={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                # A container has no other account; PostgreSQL, which insists on one, gets one.
                "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
                MARK: str(self.installation.data_dir),
                **(environment or {}),
            },
            folder=REPOSITORY,
        )


def web_arguments(host: str, port: int) -> tuple[str, ...]:
    """Arguments of Python that run the web server; docs/dependencies.md says why this one."""
    return (
        "-m",
        "uvicorn",
        f"--host={host}",
        f"--port={port}",
        # Which proxies are believed is FVDASH_TRUSTED_PROXIES' business, in our middleware.
        "--no-proxy-headers",
        "--no-server-header",
        "--no-access-log",
        "--log-level=warning",
        "--lifespan=off",
        "--ws=none",
        "--timeout-graceful-shutdown=8",
        "fvdash.asgi:application",
    )


def web_answers(host: str, port: int) -> bool:
    """Whether the web process serves requests."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(target, port, timeout=2)
    try:
        connection.request("GET", "/api/health", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _address() -> str:
    if settings.ENV["FVDASH_PUBLIC_URL"]:
        return str(settings.PUBLIC_URL)
    local = settings.HOST in ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104
    return f"http://{'localhost' if local else settings.HOST}:{settings.PORT}"


@contextmanager
def _ready(command: Command) -> Iterator[Command]:
    yield command
