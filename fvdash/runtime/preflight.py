"""What is checked before anything is started; each failure is one line that says what to change."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from core.configuration.environment import mask_url

# uuidv7(), used for ids, came with this one.
POSTGRES_AT_LEAST = 18
# Two segments of PostgreSQL's write-ahead log.
LEAST_FREE_MB = 32


class StartError(Exception):
    """The installation cannot start; the message is one line for a person."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the data folder for this supervisor. Raises StartError if it is taken or cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not every failure shows in the permission bits: a read-only mount does not.
        tempfile.TemporaryFile(dir=folder).close()
        lock = (folder / "lock").open("a+")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StartError(f"FVDASH_DATA_DIR={folder}: cannot write to this folder ({reason})") from None
    with lock:
        if not _try_lock(lock.fileno()):
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise StartError(
                f"an installation already runs in {folder} (process {holder}): "
                "stop it, or choose another FVDASH_DATA_DIR and PORT"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _try_lock(descriptor: int) -> bool:
    # A supervisor that was stopped a moment ago may still be on its way out.
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        time.sleep(0.1)
    return False


def full_disk(folder: Path) -> str:
    """Says so when hardly anything fits on the disk of `folder`: servers that fail for it name other reasons."""
    try:
        free = shutil.disk_usage(folder).free // 2**20
    except OSError:
        return ""
    return f"FVDASH_DATA_DIR={folder}: its disk is full ({free} MB are free)" if free < LEAST_FREE_MB else ""


def port_is_free(host: str, port: int) -> None:
    """Raises StartError unless a server could listen on `host`:`port` now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror as error:
        raise StartError(f"HOST={host}: expected an address of this machine ({error.strerror})") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"PORT={port}: something else listens on {host}:{port}; stop it, or choose another PORT"
        elif error.errno == errno.EACCES:
            why = f"PORT={port}: not permitted to listen there; choose a PORT above 1023"
        else:
            why = f"HOST={host}: cannot listen on {host}:{port} ({error.strerror})"
        raise StartError(why) from None


def database_answers(name: str, url: str, *, owner: bool = False) -> None:
    """Raises StartError unless the variable `name` holds the URL of a PostgreSQL that lets us in.

    The role of `owner` must be one that may make tables.
    """
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            row = connection.execute("SELECT current_user, has_schema_privilege('public', 'CREATE')").fetchone()
    except psycopg.Error as error:
        raise StartError(f"{name}={mask_url(url)}: cannot connect to PostgreSQL ({_reason(error)})") from None
    if version < POSTGRES_AT_LEAST:
        raise StartError(f"{name}={mask_url(url)}: expected PostgreSQL {POSTGRES_AT_LEAST} or newer, found {version}")
    if owner and row and not row[1]:
        raise StartError(
            f"{name}={mask_url(url)}: expected the role that owns the tables; {row[0]} may not make any in public"
        )


def redis_answers(name: str, url: str, value: str | None = None) -> None:
    """Raises StartError unless `url`, made from the variable `name` with `value`, leads to a Redis that lets us in."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except redis.AuthenticationError:
        # Its own words depend on the version: some speak of HELLO where the password is missing.
        raise StartError(
            f"{name}={mask_url(value or url)}: Redis refuses the password, or wants one where none is given"
        ) from None
    except (redis.RedisError, ValueError, OSError) as error:
        raise StartError(f"{name}={mask_url(value or url)}: cannot connect to Redis ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # libpq tries every address and adds hints; the first line names the cause.
    return mask_url(lines[0]) if lines else type(error).__name__
