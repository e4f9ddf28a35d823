"""Child processes that never outlive who started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
# Loaded before any fork: a child between fork and exec must not take the import lock.
_prctl: Callable[..., int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """A program to run as `user` (uid and gid; None: the caller's), with inherited descriptors."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    descriptors: Sequence[int] = ()
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM

    def start(self, *, output: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Starts it in a session of its own; `stop_signal` reaches it should the caller be killed."""
        parent, death_signal = os.getpid(), self.stop_signal

        def die_with_parent() -> None:
            # After the change of user, which would clear it again.
            if _prctl is not None:
                _prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
                if os.getppid() != parent:
                    os._exit(1)

        uid, gid = self.user or (None, None)
        return subprocess.Popen(
            list(self.argv),
            env=dict(self.environment) or None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            cwd=self.folder,
            user=uid,
            group=gid,
            extra_groups=[] if uid is not None else None,
            umask=0o077 if uid is not None else -1,
            pass_fds=tuple(self.descriptors),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process with this number, or None when there is none."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """The very same process, if it still lives."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def end(process: psutil.Process, by: signal.Signals, *, seconds: float) -> None:
    """Asks `process` to end, after `seconds` ends it and all of its descendants; takes two seconds more."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.send_signal(by)
        _, alive = psutil.wait_procs(family, timeout=seconds)
        for member in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(alive, timeout=2)


def become_subreaper() -> None:
    """Children of our ended children become ours (Linux), so that they can be ended too."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
