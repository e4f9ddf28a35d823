"""Starts the servers of an installation, keeps them alive, shows their logs, and ends all of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from fvdash.runtime.console import Console
from fvdash.runtime.installation import write_private
from fvdash.runtime.preflight import StartError
from fvdash.runtime.processes import Command, Identity, become_subreaper, end

FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER = 0.5, 30.0, 60.0
MARK = "FVDASH_SUPERVISED"


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass
class Service:
    """A program that is started again when it ends. `grace`: seconds it gets to end by itself."""

    name: str
    command: Callable[[], AbstractContextManager[Command]]
    grace: float
    before: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    started_at: float = 0.0
    delay: float = FIRST_DELAY
    restart_at: float | None = None


@dataclass
class _Output:
    name: str
    keep: list[str] | None = None
    rest: bytes = b""


@dataclass
class Supervisor:
    """One event loop over signals, children's output and their ends. Single-threaded: children die with
    the thread that started them."""

    folder: Path
    console: Console
    services: list[Service] = field(default_factory=list)
    stops_asked: int = 0
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    # ---- life ----------------------------------------------------------------------------------
    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Turns SIGINT, SIGTERM and SIGHUP into a stop of everything; ends all children on the way out."""
        become_subreaper()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._selector.register(reading, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        # SIGCHLD has a handler only so that it wakes the loop.
        handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        try:
            yield
        finally:
            try:
                self.stop()
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)
                os.close(reading)
                os.close(writing)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.stops_asked += 1

    def end_leftovers(self) -> None:
        """Ends what a killed supervisor of this folder left behind."""
        left = [process for identity in self._recorded() if (process := identity.process())]
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get(MARK) == str(self.folder):
                    left.append(process)
        if left:
            self.say(f"ending {len(set(left))} processes that an interrupted run left behind")
        for process in left:
            # Recorded with the signal that means an orderly end to each of them.
            by = signal.SIGINT if _name(process) == "postgres" else signal.SIGTERM
            end(process, by, seconds=10)
        (self.folder / "children.json").unlink(missing_ok=True)

    def run(self) -> None:
        """Keeps the services alive until somebody asks to stop."""
        while not self.stops_asked:
            self.pump(self._pause())
            self._tend()

    def stop(self) -> None:
        """Ends the services, last started first, each within its grace; a second signal shortens it."""
        if any(service.process for service in self.services):
            self.say("stopping")
        asked = self.stops_asked
        for service in reversed(self.services):
            service.restart_at = None
            process = service.process
            if process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(service.stop_signal)
            deadline = time.monotonic() + service.grace
            while process.poll() is None and time.monotonic() < deadline and self.stops_asked <= asked + 1:
                self.pump(0.05)
            if process.poll() is None:
                self.say(f"{service.name} did not end by itself within {service.grace:.0f} s and was killed")
                end(psutil.Process(process.pid), signal.SIGKILL, seconds=1)
            process.wait()
            service.process = None
            self._end_strays()
        self.drain()
        (self.folder / "children.json").unlink(missing_ok=True)

    # ---- services ------------------------------------------------------------------------------
    def start(self, service: Service) -> None:
        """Starts `service` and keeps it alive from now on."""
        if service not in self.services:
            self.services.append(service)
        service.before()
        with service.command() as command:
            service.process = self._spawn(command, _Output(service.name))
        service.stop_signal = command.stop_signal
        service.started_at, service.restart_at = time.monotonic(), None
        self._record()

    def wait_until(self, ready: Callable[[], bool], service: Service, *, seconds: float) -> None:
        """Waits for `service`. Raises StartError when it ends or is late, Stopped when asked to stop."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.pump(0.05)
            if self.stops_asked:
                raise Stopped
            if service.process is not None and service.process.poll() is not None:
                self.drain()
                code = service.process.returncode
                raise StartError(f"{service.name} ended with code {code} while starting; its lines above say why")
            if time.monotonic() > deadline:
                raise StartError(f"{service.name} was not ready within {seconds:.0f} s")

    def step(self, title: str, command: Command, *, show: bool = True) -> list[str]:
        """Runs `command` to its end and returns its lines. Raises StartError when it fails."""
        begun = time.monotonic()
        self.say(f"{title} …")
        output = _Output("setup" if show else "", [])
        process = self._spawn(command, output)
        try:
            while process.poll() is None:
                self.pump(0.1)
                if self.stops_asked:
                    raise Stopped
            self.drain()
        finally:
            if process.poll() is None:
                end(psutil.Process(process.pid), signal.SIGTERM, seconds=5)
            process.wait()
        lines = output.keep or []
        if process.returncode != 0:
            if not show:
                for line in lines:
                    self.console.line("setup", line)
            raise StartError(f"{title} failed: {_cause(lines) or f'code {process.returncode}'}")
        self.say(f"{title}: done in {time.monotonic() - begun:.1f} s")
        return lines

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self.console.line("up", text)

    def _tend(self) -> None:
        now = time.monotonic()
        for service in self.services:
            process = service.process
            if process is not None and process.poll() is not None:
                if now - service.started_at > STEADY_AFTER:
                    service.delay = FIRST_DELAY
                self.say(
                    f"{service.name} ended ({_ending(process.returncode)}); starting it again in {service.delay:g} s"
                )
                service.process, service.restart_at = None, now + service.delay
                service.delay = min(service.delay * 2, LONGEST_DELAY)
                self._end_strays()
            elif process is None and service.restart_at is not None and now >= service.restart_at:
                try:
                    self.start(service)
                except (OSError, subprocess.SubprocessError) as error:
                    self.say(f"{service.name} could not be started: {error}")
                    service.restart_at, service.delay = (
                        now + service.delay,
                        min(service.delay * 2, LONGEST_DELAY),
                    )

    def _pause(self) -> float:
        times = [service.restart_at for service in self.services if service.restart_at is not None]
        return max(0.0, min([*times, time.monotonic() + 5]) - time.monotonic())

    def _end_strays(self) -> None:
        """Children of an ended child come to us (we are their subreaper): nobody else would end them."""
        ours = {service.process.pid for service in self.services if service.process}
        for child in psutil.Process().children():
            if child.pid not in ours:
                end(child, signal.SIGKILL, seconds=1)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)

    # ---- children ------------------------------------------------------------------------------
    def _spawn(self, command: Command, output: _Output) -> subprocess.Popen[bytes]:
        process = command.start(output=subprocess.PIPE)
        if process.stdout is None:
            raise RuntimeError("a child without a pipe")
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, output)
        return process

    def pump(self, seconds: float) -> bool:
        """Shows what children wrote; waits for it, for a signal or the end of a child at most `seconds`.

        Returns whether there was anything.
        """
        events = self._selector.select(seconds)
        for key, _ in events:
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 512)
            else:
                self._read(key)
        return bool(events)

    def drain(self) -> None:
        """Shows what ended children wrote last."""
        for _ in range(1000):
            if not self.pump(0):
                return

    def _read(self, key: selectors.SelectorKey) -> None:
        output: _Output = key.data
        try:
            data = os.read(key.fd, 65_536)
        except BlockingIOError:
            return
        *lines, output.rest = (output.rest + data).split(b"\n")
        if not data:
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
            lines = [output.rest] if output.rest else []
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if output.keep is not None:
                output.keep.append(text)
            if output.name:
                self.console.line(output.name, text)

    def _record(self) -> None:
        pids = [service.process.pid for service in self.services if service.process]
        identities = [identity for pid in pids if (identity := Identity.of(pid))]
        rows = [{"pid": identity.pid, "started": identity.started} for identity in identities]
        write_private(self.folder / "children.json", json.dumps(rows))

    def _recorded(self) -> Sequence[Identity]:
        try:
            rows = json.loads((self.folder / "children.json").read_text())
            return [Identity(int(row["pid"]), float(row["started"])) for row in rows]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return []


def _cause(lines: Sequence[str]) -> str:
    """The line that names an error: of a traceback, the exception; what PostgreSQL draws below it is no cause."""
    filled = [line for line in lines if line.strip()]
    named = [line for line in filled if re.match(r"[\w.]*(Error|Exception|Missing|Privilege|Failure)\b.*?: ", line)]
    return (named or filled or [""])[-1].strip()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""
