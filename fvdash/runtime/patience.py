"""The web's connections to PostgreSQL: none waits for ever on a server that went silent."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

# A frozen server's host still acknowledges what arrives, so TCP's own time-outs never fire.
SILENCE = 20.0


class Connection(psycopg.Connection[Any]):
    """Gives up after SILENCE seconds in which one statement brought no answer, and is closed then."""

    silence = SILENCE

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Raises psycopg.OperationalError when the server stays silent."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.silence)
        except psycopg.errors._WaitTimeout:
            # Whatever it answers later belongs to nobody.
            self.close()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {self.silence:g} s") from None
