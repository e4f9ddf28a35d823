"""A web server on a loopback socket that answers as it is told.

`with FakeWeb().running() as web:` listens; `web.replies["/path"]` is what a path is answered with: a `Reply`, or a
list of them that are used up one after the other, the last one staying.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass
class Reply:
    """`hang`: takes the request and says nothing. `drip_s`: seconds between two bytes of the body."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip_s: float = 0.0

    def data(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Seen:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeWeb:
    replies: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, seen: Seen) -> Reply:
        """What this request is answered with."""
        said = self.replies.get(seen.path, Reply(404, {"error": "not found"}))
        if isinstance(said, list):
            return said.pop(0) if len(said) > 1 else said[0]
        return said

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Listens on a free port until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def wait(self, seconds: float) -> None:
        """As long as the server runs."""
        self._over.wait(seconds)


def _handler(web: FakeWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen = Seen(self.command, parts.path, parts.query, dict(self.headers.items()), body)
            web.seen.append(seen)
            reply = web.reply_to(seen)
            if reply.hang:
                web.wait(30)
                return
            data = reply.data()
            try:
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(data))} | reply.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in [data] if not reply.drip_s else [data[i : i + 1] for i in range(len(data))]:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if reply.drip_s:
                        time.sleep(reply.drip_s)
            except OSError:
                return  # the caller hung up

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
