"""Which of the collectors reads what all hosts share."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

LEAD: Final = 7_016_100
"""Key of the advisory lock, which a session holds until it ends."""


class Leadership:
    """Held through the connection of the thread that asks. While the database is away the leader goes on:
    nobody else can take over then, and Redis is still there to be read."""

    def __init__(self) -> None:
        self.leads = False
        self._through: Any = None

    def claim(self) -> bool:
        """Whether this process leads. Raises the database's errors."""
        connection.ensure_connection()
        if self._through is None or self._through is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEAD])
                self.leads = bool(cursor.fetchone()[0])
            self._through = connection.connection if self.leads else None
        return self.leads
