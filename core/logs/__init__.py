"""Structured logs: one JSON line an event on stdout, with the request's id and the actor.

python-json-logger writes the lines; what is ours is the context and the masking of secrets.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from core.audit.context import current
from core.configuration.environment import mask_url

_SECRET_KEY = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key|access_?key", re.I)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
agency_of_log: ContextVar[int | None] = ContextVar("fvdash_log_agency", default=None)


def scrub(text: str) -> str:
    """Without credentials and e-mail addresses, which exceptions and URLs may carry."""
    text = _BEARER.sub(r"\1 ••••", text)
    text = mask_url(text)
    return _EMAIL.sub("•••@•••", text)


def clean(value: Any) -> Any:
    """The same, scrubbed at every depth; what stands under a key that names a secret is masked whole."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {
            key: "••••" if isinstance(key, str) and _SECRET_KEY.search(key) else clean(one)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(one) for one in value]
    return value


class ContextFilter(logging.Filter):
    """Adds request id, actor and agency to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        actor = current()
        if not hasattr(record, "request_id"):
            record.request_id = actor.request_id or None
        record.user_id = actor.id
        record.actor = actor.kind
        record.agency_id = agency_of_log.get()
        return True


class JSONFormatter(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="at",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        kept = {
            key: value
            for key, value in log_data.items()
            if value is not None and key not in ("taskName", "color_message")
        }
        return super().process_log_record(clean(kept))
