"""`manage.py up`, really started."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import stat
import subprocess
import sys
import time

import psutil
import psycopg
import pytest
import redis

from fvdash.runtime.installation import REPOSITORY, Installation
from tests.conftest import SERVERS
from tests.runtime.conftest import Up, copy_of, free_port, installation

# One worker does them all (`make test` spreads whole files): they share an installation.
pytestmark = pytest.mark.slow


# Imported first: the interpreter itself may lie where nobody can read.
AS_NOBODY = """
import os
from core.configuration.environment import ConfigurationError
from fvdash.runtime.installation import Installation
os.setuid(65534)
try:
    Installation.from_environment().read()
except ConfigurationError as error:
    print(error)
"""


def status(port: int, path: str = "/api/health") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def given(django_db_setup: None) -> dict[str, str]:
    """Servers of somebody else, with a database that has its tables."""
    SERVERS.clone("given")
    # Databases of Redis are numbered by worker; the last belongs to nobody.
    environment = SERVERS.environment("given") | {"REDIS_URL": f"{SERVERS.redis.url}?db=63"}
    del environment["FVDASH_DATA_DIR"]
    return environment


def failure(up: Up) -> str:
    """The single line that a start which must fail wrote to stderr."""
    result = up.manage("up")
    assert result.returncode == 1, result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_first_start_says_what_it_does_and_how_to_sign_in(first_start: Up) -> None:
    log = "\n".join(first_start.lines)
    assert "first start" in log
    assert "migrations: done in" in log
    assert f"http://localhost:{first_start.port}" in log
    assert "sign in as admin@localhost with password " in log


def test_stop_by_sigterm_leaves_no_process(first_start: Up) -> None:
    assert first_start.running.returncode == 0
    assert first_start.lines[-1].endswith("stopped")
    assert first_start.survivors() == []


def test_secrets_are_readable_by_their_owner_only(first_start: Up) -> None:
    for name in ("runtime.json", "secrets.json", "secret_key"):
        assert stat.S_IMODE((first_start.folder / name).stat().st_mode) == 0o600
    assert not (first_start.folder / "first_password").exists()


def test_second_start_is_quick_and_shows_no_password(running: Up) -> None:
    log = "\n".join(running.lines)
    assert status(running.port, "/account/login/") == 200
    assert "password" not in log
    assert "first start" not in log


def test_runtime_role_has_no_ddl(running: Up) -> None:
    endpoints = Installation(running.folder).read()
    assert endpoints is not None
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(endpoints.database_url) as connection, refused:
        connection.execute("CREATE TABLE anything (id int)")


def test_embedded_postgres_listens_on_no_port(running: Up) -> None:
    postgres = running.child("postgres -D")
    family = [postgres, *postgres.children(recursive=True)]
    listening = []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # a session that ended meanwhile
            listening += [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    assert psutil.pid_exists(postgres.pid)
    assert listening == []


def test_second_start_on_the_same_folder_says_so(running: Up) -> None:
    other = Up(running.folder, free_port())
    line = failure(other)
    assert f"already runs in {running.folder}" in line
    assert str(running.running.pid) in line


def test_taken_port_is_one_line(stopped: Up) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stopped.port))
        taken.listen()
        assert f"PORT={stopped.port}" in failure(stopped)
    assert stopped.survivors() == []


def test_folder_that_cannot_be_written_is_one_line(new_installation: Up) -> None:
    # Below a file: no folder can be made there, not even by root.
    (new_installation.folder / "file").touch()
    up = Up(new_installation.folder / "file" / "data", new_installation.port)
    assert f"FVDASH_DATA_DIR={up.folder}: cannot write to this folder" in failure(up)


def test_unknown_value_is_one_line(new_installation: Up) -> None:
    new_installation.extra["FVDASH_DEMO"] = "perhaps"
    assert "FVDASH_DEMO" in failure(new_installation)


def test_database_that_refuses_is_one_line_without_the_password(new_installation: Up) -> None:
    postgres = SERVERS.postgres
    new_installation.extra |= {
        "DATABASE_URL": postgres.url("fvdash_app", "wrong-password"),
        "REDIS_URL": SERVERS.redis.url,
        "FVDASH_SECRET_KEY": "x" * 60,
    }
    line = failure(new_installation)
    assert line.startswith("fvdash: DATABASE_URL=")
    assert "password authentication failed" in line
    assert "wrong-password" not in line


def test_redis_that_is_not_there_is_one_line(given: dict[str, str], new_installation: Up) -> None:
    new_installation.extra |= given | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    assert failure(new_installation).startswith("fvdash: REDIS_URL=")


def test_given_servers_are_used_and_nothing_is_embedded(given: dict[str, str], new_installation: Up) -> None:
    new_installation.extra |= given
    new_installation.start()
    assert status(new_installation.port) == 200
    assert new_installation.stop() == 0
    assert not (new_installation.folder / "postgres").exists()
    assert not (new_installation.folder / "redis").exists()


def test_command_without_a_running_installation_says_how_to_start_it(stopped: Up) -> None:
    result = stopped.manage("showmigrations")
    assert result.returncode == 1
    assert result.stderr == f"the installation in {stopped.folder} is not running; start it with `make run`\n"


def test_start_after_kill_of_the_supervisor(stopped: Up) -> None:
    stopped.start()
    family = psutil.Process(stopped.running.pid).children(recursive=True)
    stopped.kill()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    stopped.start()
    assert status(stopped.port) == 200


def test_start_after_kill_in_the_middle_of_the_first_start(new_installation: Up) -> None:
    new_installation.start(until="redis")
    new_installation.kill()
    new_installation.start()
    assert "sign in as admin@localhost with password " in "\n".join(new_installation.lines)


def test_password_is_not_lost_by_a_kill_after_the_admin_was_made(new_installation: Up) -> None:
    new_installation.start(until="first admin: done")
    new_installation.kill()
    made = (new_installation.folder / "first_password").read_text()
    new_installation.start()
    assert f"sign in as admin@localhost with password {made} " in "\n".join(new_installation.lines)
    assert not (new_installation.folder / "first_password").exists()


def test_redis_that_is_not_there_is_told_before_anything_is_started(new_installation: Up) -> None:
    new_installation.extra["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}"
    assert failure(new_installation).startswith("fvdash: REDIS_URL=")
    assert not (new_installation.folder / "postgres").exists()


def test_owner_that_may_make_no_table_is_one_line(given: dict[str, str], new_installation: Up) -> None:
    new_installation.extra |= given | {"DATABASE_OWNER_URL": given["DATABASE_URL"]}
    line = failure(new_installation)
    assert line.startswith("fvdash: DATABASE_OWNER_URL=")
    assert "expected the role that owns the tables; fvdash_app may not" in line


@pytest.mark.parametrize("arguments", [(), ("--database=owner",), ("--database=default",)])
def test_migrate_without_the_owner_says_what_is_missing(
    given: dict[str, str], new_installation: Up, arguments: tuple[str, ...]
) -> None:
    new_installation.extra |= given | {"DATABASE_OWNER_URL": ""}
    result = new_installation.manage("migrate", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: DATABASE_OWNER_URL is missing")


def test_schema_that_is_current_needs_no_owner(given: dict[str, str], new_installation: Up) -> None:
    new_installation.extra |= given | {"DATABASE_OWNER_URL": ""}
    assert new_installation.manage("migrate", "--check", "--database=default").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_command_on_a_folder_of_somebody_else_is_one_line(stopped: Up) -> None:
    stopped.folder.chmod(0o700)
    result = subprocess.run(
        [sys.executable, "-c", AS_NOBODY],
        cwd=REPOSITORY,
        env=stopped.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.startswith(f"FVDASH_DATA_DIR={stopped.folder}: cannot read this folder (Permission denied)")


def comes_back(up: Up, child: str, before: int) -> bool:
    for process in psutil.Process(up.running.pid).children():
        with contextlib.suppress(psutil.Error):
            if process.pid != before and child in " ".join(process.cmdline()):
                return True
    return False


def serves(up: Up) -> bool:
    """Whether web, PostgreSQL and Redis all answer."""
    endpoints = Installation(up.folder).read()
    assert endpoints is not None
    try:
        psycopg.connect(endpoints.database_url, connect_timeout=2).close()
        with redis.Redis.from_url(endpoints.redis_url) as client:
            client.ping()
        return status(up.port) == 200
    except (psycopg.OperationalError, redis.RedisError, OSError, http.client.HTTPException):
        return False


@pytest.mark.parametrize(
    "child",
    ["uvicorn", "postgres -D", "redis-server", "celery --app fvdash --quiet worker", "manage.py collector"],
)
def test_killed_child_comes_back(running: Up, child: str) -> None:
    before = running.child(child)
    before.kill()
    running.read_until("starting it again in")
    deadline = time.monotonic() + 180
    while not (comes_back(running, child, before.pid) and serves(running)):
        assert time.monotonic() < deadline, f"{child} did not come back"


def test_cluster_of_another_postgres_is_one_line(new_installation: Up) -> None:
    cluster = new_installation.folder / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("19\n")
    line = new_installation.manage("up").stderr
    assert line == f"fvdash: {cluster} was made by PostgreSQL 19; this version of the dashboard brings 18\n"


def test_database_of_a_newer_version_is_told(stopped: Up) -> None:
    stopped.start()
    endpoints = Installation(stopped.folder).read()
    assert endpoints is not None
    with psycopg.connect(endpoints.database_owner_url) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_later', now())")
    assert stopped.stop() == 0
    stopped.start()
    assert "a newer version migrated this database (core.9999_later)" in "\n".join(stopped.lines)


def test_two_installations_side_by_side(running: Up, first_start: Up) -> None:
    with installation() as other:
        copy_of(first_start, other).start()
        assert status(running.port) == status(other.port) == 200
        assert other.stop() == 0
    assert status(running.port) == 200


def test_folder_whose_path_is_too_long_for_a_socket(first_start: Up, new_installation: Up) -> None:
    deep = new_installation.folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    up = copy_of(first_start, Up(deep, new_installation.port))
    try:
        up.start()
        assert status(up.port) == 200
    finally:
        assert up.stop() == 0
