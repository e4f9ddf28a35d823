"""The version that runs, noted on the charts when it changes: by the collector, once it has a database."""

from __future__ import annotations

import logging
import threading
import tomllib
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from monitoring.page.actions import note_version

logger = logging.getLogger(__name__)

AGAIN_S = 10.0


def version() -> str:
    """FVDASH_VERSION, else that of the package; "" when neither is known."""
    given = str(settings.ENV["FVDASH_VERSION"] or "")
    if given:
        return given
    try:
        return str(tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return ""


def note(ended: threading.Event) -> None:
    """Notes it as soon as the database answers; then there is nothing to do until the end."""
    running = version()
    while running and not ended.is_set():
        try:
            note_version(running, timezone.now())
            break
        except DatabaseError as error:
            logger.warning("the version could not be noted yet", extra={"error": str(error)})
            connection.close()
            ended.wait(AGAIN_S)
    # A connection of this thread would stay open for nothing until the end.
    connection.close()
    ended.wait()
