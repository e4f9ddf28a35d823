"""One line instead of a traceback when a management command finds no server."""

from __future__ import annotations

import kombu.exceptions
import psycopg
import redis
from django.conf import settings
from django.db import OperationalError

from core.configuration.environment import mask_url
from fvdash.runtime.installation import Installation


def explain(error: BaseException) -> str | None:
    """What a person can do about `error`, or None when it is no missing server."""
    if isinstance(error, OperationalError | psycopg.OperationalError):
        # The same class also says deadlock or time-out, of a server that is there.
        if settings.EMBEDDED_DATABASE:
            return None if _database_answers() else _not_running()
        return None if _database_answers() else f"DATABASE_URL: cannot connect to PostgreSQL ({_first_line(error)})"
    if isinstance(error, redis.ConnectionError | kombu.exceptions.OperationalError):
        if settings.EMBEDDED_REDIS:
            return _not_running()
        name = "REDIS_URL" if settings.ENV["REDIS_URL"] else "UPSTASH_REDIS_REST_URL"
        return f"{name}={mask_url(settings.ENV[name])}: cannot connect to Redis ({_first_line(error)})"
    return None


def _not_running() -> str:
    installation: Installation = settings.INSTALLATION
    return f"the installation in {installation.data_dir} is not running; start it with `make run`"


def _database_answers() -> bool:
    from django.db import connection

    try:
        connection.close()
        connection.ensure_connection()
        return True
    except OperationalError:
        return False


def _first_line(error: BaseException) -> str:
    return mask_url((str(error).splitlines() or [type(error).__name__])[0])
