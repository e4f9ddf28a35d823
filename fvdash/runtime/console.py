"""The log of `manage.py up`: one stream, every line prefixed by who wrote it."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

_COLOURS = {"up": 1, "setup": 1, "web": 36, "worker": 35, "beat": 34, "redis": 31, "postgres": 32}
_WIDTH = max(map(len, _COLOURS))
# What a terminal has no use for: ids that machines follow, and what the prefix says already.
_HIDDEN = frozenset({"at", "level", "logger", "message", "exc_info", "stack_info", "user_id", "actor", "request_id"})


class Console:
    """Writes prefixed lines; in colour on a terminal unless NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, source: str, text: str) -> None:
        """One line of `source`; a JSON log record is written as a person reads it."""
        prefix = f"{source:<{_WIDTH}} |"
        if self._colour:
            prefix = f"\x1b[{_COLOURS.get(source, 0)}m{prefix}\x1b[0m"
        try:
            for part in readable(text).splitlines() or [""]:
                self._stream.write(f"{prefix} {part}\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            # Nobody reads any more (a closed terminal); the servers go on.
            pass


def readable(text: str) -> str:
    """A structured record as `LEVEL message key=value`, with its traceback below; other text as it is."""
    if not text.startswith("{"):
        return text
    try:
        record = json.loads(text)
    except ValueError:
        return text
    if not isinstance(record, dict) or "message" not in record:
        return text
    parts = [] if record.get("level") in (None, "INFO") else [str(record["level"])]
    parts.append(str(record["message"]))
    parts += [f"{key}={value}" for key, value in record.items() if key not in _HIDDEN]
    return "\n".join(filter(None, [" ".join(parts), str(record.get("exc_info") or "")]))
