"""The guarded client: the only way to call what lies outside.

    answer = call("GET", url, headers={"Authorization": f"Bearer {token}"})

- The name is resolved once and the judged address dialled, with the name in TLS and Host: a second answer of the
  resolver changes nothing. Private addresses need FVDASH_ALLOW_PRIVATE_TARGETS or, for an address that stands in
  the environment and not in the product, `private=True`: whoever sets the environment owns the machine.
- Three time-outs: to connect, between two pieces of the answer, and for all of it, tries and waits included.
- No redirect is followed and no proxy of the environment used; the answer is read up to `most` bytes.
- Only what may be repeated is repeated: GET, HEAD, OPTIONS, PUT, DELETE, or what carries an idempotency key.
- Five failures in a row open the destination's circuit (core.http.circuits); a probe goes without one.
"""

from __future__ import annotations

import email.utils
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import urllib3
from django.conf import settings
from requests import certs
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NameResolutionError,
    ProtocolError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as WaitedTooLong
from urllib3.util import Timeout as Waits
from urllib3.util import parse_url

from core.http import circuits
from core.http.errors import CallError, Forbidden, TimedOut, TooLarge, Unreachable
from core.http.targets import resolve

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
PASSING = frozenset({429, 502, 503, 504})
"""Statuses that say "later"."""
MOST_BYTES = 1024 * 1024
AGENT = "FVStudios-Dashboard"


@dataclass(frozen=True)
class Timeout:
    """Seconds to connect, between two pieces of the answer, and for the whole call."""

    connect: float = 3.0
    read: float = 5.0
    total: float = 10.0


@dataclass(frozen=True)
class Retry:
    """`tries` in all; waits of `first_s`, doubled each time, or what Retry-After says, `most_s` at most."""

    tries: int = 1
    first_s: float = 0.5
    most_s: float = 10.0


ONCE = Retry()


@dataclass(frozen=True)
class Answer:
    """What came back; any status, also 4xx and 5xx. `elapsed_ms` is of the last try."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: float

    @property
    def well(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises ValueError when the body is no JSON."""
        return json.loads(self.body)


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: Timeout = Timeout(),
    retry: Retry = ONCE,
    idempotent: bool | None = None,
    most: int = MOST_BYTES,
    private: bool | None = None,
    use_circuit: bool = True,
) -> Answer:
    """One call, repeated as `retry` says when it may be. Raises CallError; its words carry no secret."""
    target = _Target.of(url)
    may_repeat = method.upper() in REPEATABLE if idempotent is None else idempotent
    allow_private = settings.ENV["FVDASH_ALLOW_PRIVATE_TARGETS"] if private is None else private
    given = {"User-Agent": AGENT, "Accept-Encoding": "identity", **(headers or {})}
    end = time.monotonic() + timeout.total
    tried, wait = 0, retry.first_s
    while True:
        tried += 1
        answer, failed = None, None
        if use_circuit:
            circuits.circuits.enter(target.destination)
        try:
            answer = _once(target, method.upper(), given, body, timeout, end, most, private=allow_private)
        except CallError as error:
            failed = error
        if use_circuit:
            circuits.circuits.leave(target.destination, well=_is_well(answer, failed))
        if not may_repeat or tried >= retry.tries or not _may_pass(answer, failed):
            break
        pause = min(_asked_to_wait(answer) or wait, retry.most_s)
        wait *= 2
        if time.monotonic() + pause >= end:
            break
        time.sleep(pause)
    if answer is None:
        assert failed is not None
        raise failed
    return answer


def _is_well(answer: Answer | None, failed: CallError | None) -> bool:
    """Whether the destination works: it does when it refuses us, or tells us to come later."""
    return isinstance(failed, (Forbidden, TooLarge)) if answer is None else answer.status < 500


def _may_pass(answer: Answer | None, failed: CallError | None) -> bool:
    return isinstance(failed, (Unreachable, TimedOut)) if answer is None else answer.status in PASSING


def _asked_to_wait(answer: Answer | None) -> float | None:
    """Seconds of Retry-After, which may be a number or a date (RFC 9110, 10.2.3)."""
    said = answer.headers.get("Retry-After", "") if answer else ""
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time()) if said else None
    except ValueError:
        return None


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def destination(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> _Target:
        try:
            parts = parse_url(url)
        except LocationParseError as error:
            raise Forbidden("the address", "is no URL") from error
        host = (parts.host or "").strip("[]")
        if parts.scheme not in ("http", "https") or not host:
            raise Forbidden(host or "the address", "is no http or https URL")
        if parts.auth:
            raise Forbidden(host, "credentials do not belong into an address")
        return cls(parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), parts.request_uri)


class _Line:
    """The connection to a judged address, and a guard that cuts it when the whole takes too long: a server that
    sends a byte a second would keep every single wait short."""

    def __init__(self, addresses: list[str], port: int, connect_s: float, end: float) -> None:
        self._addresses, self._port, self._connect_s, self._end = addresses, port, connect_s, end
        self._guard: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.cut = False

    def dial(self) -> socket.socket:
        """Raises what the last address raised."""
        last: OSError = OSError("no address")
        for address in self._addresses:
            seconds = min(self._connect_s, self._end - time.monotonic())
            if seconds <= 0:
                raise TimeoutError("connect")
            try:
                made = socket.create_connection((address, self._port), seconds)
            except OSError as error:
                last = error
                continue
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A second descriptor of the same connection: TLS takes the first one over.
            self._guard = made.dup()
            self._timer = threading.Timer(max(0.0, self._end - time.monotonic()), self._cut)
            self._timer.daemon = True
            self._timer.start()
            return made
        raise last

    def _cut(self) -> None:
        self.cut = True
        if self._guard is not None:
            try:
                self._guard.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed already

    def hang_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._guard is not None:
            self._guard.close()


class _Plain(HTTPConnection):
    def __init__(self, *args: Any, line: _Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def _new_conn(self) -> socket.socket:
        return self._line.dial()


class _Secure(HTTPSConnection):
    def __init__(self, *args: Any, line: _Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def _new_conn(self) -> socket.socket:
        return self._line.dial()


@lru_cache
def _tls() -> ssl.SSLContext:
    """The machine's own authorities, and those that come with requests: a slim image has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certs.where())  # type: ignore[attr-defined]
    return context


def _once(
    target: _Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: Timeout,
    end: float,
    most: int,
    *,
    private: bool,
) -> Answer:
    started = time.monotonic()
    addresses = resolve(target.host, target.port, min(timeout.connect, end - started), private=private)
    line = _Line(addresses, target.port, timeout.connect, end)
    try:
        with _pool(target, line, timeout) as pool:
            response = pool.urlopen(
                method,
                target.path,
                body=body,
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                content = _read(response, target.host, most, end)
            finally:
                response.close()
            found, status = CaseInsensitiveDict(response.headers.items()), response.status
    except (HTTPError, OSError) as error:
        raise _told(error, target.host, cut=line.cut) from None
    finally:
        line.hang_up()
    if line.cut:
        raise TimedOut(target.host, f"no whole answer within {timeout.total:g} s")
    return Answer(status, found, content, (time.monotonic() - started) * 1000)


def _pool(target: _Target, line: _Line, timeout: Timeout) -> urllib3.HTTPConnectionPool:
    waits = Waits(connect=timeout.connect, read=timeout.read)
    if target.scheme == "http":
        plain = urllib3.HTTPConnectionPool(target.host, target.port, timeout=waits, line=line)
        plain.ConnectionCls = _Plain
        return plain
    secure = urllib3.HTTPSConnectionPool(target.host, target.port, timeout=waits, line=line, ssl_context=_tls())
    secure.ConnectionCls = _Secure
    return secure


def _read(response: Any, host: str, most: int, end: float) -> bytes:
    said = response.headers.get("Content-Length", "")
    if said.isdigit() and int(said) > most:
        raise TooLarge(host, f"the answer is larger than {most} bytes")
    parts, size = [], 0
    for part in response.stream(16 * 1024, decode_content=False):
        size += len(part)
        if size > most:
            raise TooLarge(host, f"the answer is larger than {most} bytes")
        if time.monotonic() > end:
            raise TimedOut(host, "no whole answer in time")
        parts.append(part)
    return b"".join(parts)


def _told(error: Exception, host: str, *, cut: bool) -> CallError:
    """In our own words: those of the library hold the whole address."""
    if cut or isinstance(error, (WaitedTooLong, TimeoutError)):
        return TimedOut(host, "no answer in time")
    inner = error.__cause__ or error.__context__ or error
    reason = error.args[-1] if isinstance(error, ProtocolError) and error.args else inner
    if isinstance(error, SSLError) or isinstance(reason, ssl.SSLError):
        verify = getattr(reason, "verify_message", "") or "the secure connection failed"
        return Unreachable(host, f"TLS: {verify}")
    if isinstance(error, NameResolutionError):
        return Unreachable(host, "its name is not known")
    for one in (error, reason, inner):
        if isinstance(one, ConnectionRefusedError):
            return Unreachable(host, "connection refused")
        if isinstance(one, OSError) and one.strerror:
            return Unreachable(host, one.strerror.lower())
    return Unreachable(host, "the connection broke")
