"""Whole installations in temporary folders, started and stopped as a person would."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from fvdash.runtime.installation import REPOSITORY
from fvdash.runtime.supervisor import MARK

OURS = re.compile(r"(FVDASH|DATABASE|REDIS|UPSTASH|BACKUP)_|(HOST|PORT|EMAIL_URL|DJANGO_SETTINGS_MODULE)$")


@dataclass
class Up:
    """One `manage.py up` in `folder` on `port`, and what it wrote so far."""

    folder: Path
    port: int
    extra: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The caller's, without anything that configures an installation."""
        clean = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        ours = {"FVDASH_DATA_DIR": str(self.folder), "PORT": str(self.port), "FVDASH_DEMO": "0"}
        return {**clean, **ours, **self.extra}

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def start(self, *, until: str | None = "Ctrl-C stops everything") -> None:
        """Starts it and reads its log up to a line that contains `until`."""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if until is not None:
            self.read_until(until)

    def read_until(self, text: str) -> str:
        """The next line that contains `text`; fails when the log ends or a minute passes before it."""
        watchdog = threading.Timer(60, self.running.kill)
        watchdog.start()
        try:
            assert self.running.stdout is not None
            for line in self.running.stdout:
                self.lines.append(line.rstrip("\n"))
                if text in line:
                    return line
        finally:
            watchdog.cancel()
        pytest.fail(f"{text!r} never came:\n" + "\n".join(self.lines[-40:]))

    def stop(self) -> int:
        """SIGTERM, as a service manager does it; returns the exit code."""
        self.running.terminate()
        rest, _ = self.running.communicate(timeout=60)
        self.lines += rest.splitlines()
        return self.running.returncode

    def kill(self) -> None:
        """What an operator does in despair: no chance to tidy up."""
        self.running.kill()
        self.running.communicate()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A management command against this installation."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def child(self, what: str) -> psutil.Process:
        """The service's process directly below the supervisor, by a part of its command line."""
        for child in psutil.Process(self.running.pid).children():
            with contextlib.suppress(psutil.Error):
                if what in " ".join(child.cmdline()):
                    return child
        pytest.fail(f"no {what} among the children")

    def survivors(self) -> list[psutil.Process]:
        """Processes of this installation, wherever they hang in the process tree."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                ours = process.environ().get(MARK) == str(self.folder) or str(self.folder) in process.cwd()
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def installation(**extra: str) -> Iterator[Up]:
    """A new, empty one; whatever a failed test leaves running is ended."""
    up = Up(Path(tempfile.mkdtemp(prefix="fvdash-up-")), free_port(), extra)
    try:
        yield up
    finally:
        if up.process is not None and up.process.poll() is None:
            up.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                up.process.communicate(timeout=60)
            up.process.kill()
        if up.process is not None and up.process.stdout is not None:
            up.process.stdout.close()
            up.process.wait()
        shutil.rmtree(up.folder, ignore_errors=True)


@pytest.fixture
def new_installation() -> Iterator[Up]:
    """Never started."""
    with installation() as up:
        yield up


@pytest.fixture(scope="session")
def first_start() -> Iterator[Up]:
    """One that was started for the first time and stopped again; others are copies of it."""
    with installation() as up:
        up.start()
        up.stop()
        yield up


def copy_of(up: Up, copy: Up) -> Up:
    """Gives `copy` the files of the stopped `up`, with their owners."""
    subprocess.run(["cp", "-a", f"{up.folder}/.", str(copy.folder)], check=True)
    return copy


@pytest.fixture
def stopped(first_start: Up, new_installation: Up) -> Up:
    """Started once before, not running."""
    return copy_of(first_start, new_installation)


@pytest.fixture(scope="session")
def running(first_start: Up) -> Iterator[Up]:
    """One that runs, shared by tests that leave it running."""
    with installation() as up:
        copy_of(first_start, up).start()
        yield up
