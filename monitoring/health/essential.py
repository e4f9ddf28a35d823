"""What the product stands on, asked as the product itself asks it."""

from __future__ import annotations

import http.client
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connections
from redis.backoff import NoBackoff
from redis.retry import Retry


def database(timeout: float) -> None:
    """SELECT 1 on a connection of its own, as the runtime role."""
    parameters: dict[str, Any] = dict(connections["default"].get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters["connect_timeout"] = max(2, int(timeout))
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute("SELECT 1")


def redis_server(timeout: float) -> None:
    """PING."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        client.ping()


def api(timeout: float) -> None:
    """GET /api/health over the socket that the web server listens on."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    connection = http.client.HTTPConnection(host.strip("[]"), settings.PORT, timeout=timeout)
    try:
        connection.request("GET", "/api/health", headers={"Host": "localhost"})
        answer = connection.getresponse()
        body = answer.read(1000)
    finally:
        connection.close()
    if answer.status != 200 or b'"ok"' not in body:
        raise RuntimeError(f"answered {answer.status}")
