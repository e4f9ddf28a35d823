"""The system log in processes of their own, with the thread that writes: commands, forks, a database that goes
away and comes back, a process that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from django.conf import settings

from monitoring.models import LogEntry, LogGroup

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = """
import logging, os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "fvdash.settings"
import django
django.setup()
logger = logging.getLogger("tests.process")
"""
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts Python with the tests' own servers; ends what a test left."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen[str]) -> int:
    output = process.communicate(timeout=60)
    assert "Logging error" not in output[1]
    return process.returncode


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_command_that_fails_is_kept(run: Run) -> None:
    assert (
        _ended(run("manage.py", "import_csv", "clients", "/nonexistent/ana.csv", "--map", "/nonexistent/m.toml")) == 1
    )
    script = BEGIN + (
        "import manage\n"
        "from core.management.commands.api_token import Command\n"
        "Command.handle = lambda *args, **options: 1 / 0\n"
        "sys.argv = ['manage.py', 'api_token', 'create', '--email', 'ana@example.com', '--name', 'x']\n"
        "manage.main()"
    )
    assert _ended(run("-c", script)) == 1
    refused, failed = LogGroup.objects.order_by("level")
    assert (refused.level, refused.process) == (30, "import_csv")
    assert refused.title.startswith("command import_csv refused: ")
    assert (failed.level, failed.exception) == (40, "ZeroDivisionError")
    assert not LogEntry.objects.filter(message__contains="ana@").exists()


def test_forked_child_writes_its_own_lines_and_none_of_its_parent(run: Run) -> None:
    script = (
        BEGIN
        + """
logger.warning("of the parent")
child = os.fork()
logger.warning("of the child" if child == 0 else "of the parent")
if child == 0:
    time.sleep(3)
    os._exit(0)
os.waitpid(child, 0)
"""
    )
    assert _ended(run("-c", script)) == 0
    assert dict(LogGroup.objects.values_list("title", "count")) == {"of the parent": 2, "of the child": 1}
    assert len(set(LogEntry.objects.values_list("pid", flat=True))) == 2


def test_killed_process_loses_at_most_its_last_second(run: Run) -> None:
    process = run("-c", BEGIN + 'logger.warning("before"); print("ready", flush=True); time.sleep(60)')
    _until(lambda: LogGroup.objects.filter(title="before").exists())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert LogGroup.objects.get().count == 1


def test_lines_of_an_outage_are_written_when_the_database_is_back(run: Run, tmp_path: Path) -> None:
    given = urlsplit(os.environ["DATABASE_URL"]).netloc.rpartition("@")[2]
    real = Path(unquote(given))
    (socket,) = (file for file in real.iterdir() if not file.name.endswith(".lock"))
    # A server is where its socket is.
    place = tmp_path / "s"
    place.mkdir()
    link = place / socket.name
    link.symlink_to(socket)
    script = (
        BEGIN
        + """
for line in sys.stdin:
    for number in range(int(line)):
        logger.warning("row %s", number)
"""
    )
    url = os.environ["DATABASE_URL"].replace(given, quote(str(place), safe=""))
    process = run("-c", script, DATABASE_URL=url)
    assert process.stdin is not None
    process.stdin.write("1\n")
    process.stdin.flush()
    _until(lambda: LogGroup.objects.filter(count=1).exists())
    link.unlink()
    away = time.time()
    process.stdin.write("3\n")
    process.stdin.flush()
    time.sleep(2.5)
    assert LogGroup.objects.get().count == 1
    back = time.time()
    link.symlink_to(socket)
    _until(lambda: LogGroup.objects.get().count == 4)
    times = sorted(entry.at.timestamp() for entry in LogEntry.objects.all())
    assert all(away - 1 < at < back for at in times[1:])
    process.stdin.close()
    process.stdin = None
    assert _ended(process) == 0


def test_end_does_not_wait_long_for_a_database_that_is_away(run: Run, tmp_path: Path) -> None:
    process = run(
        "-c", BEGIN + 'logger.warning("row")', DATABASE_URL=f"postgresql://a:b@/c?host={quote(str(tmp_path))}"
    )
    assert _ended(process) == 0
