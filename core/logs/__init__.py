"""Structured logs: one JSON line an event on stdout, with the request's id and the actor.

python-json-logger writes the lines; what is ours is the context and the masking of secrets.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from core.audit.context import current
from core.logs.scrubbing import clean, scrub

agency_of_log: ContextVar[int | None] = ContextVar("fvdash_log_agency", default=None)
# The request that is being answered: its route says where something happened.
request_of_log: ContextVar[HttpRequest | None] = ContextVar("fvdash_log_request", default=None)
# The type of the event that is being delivered: what is logged meanwhile must not tell of itself in events.
delivery_of_log: ContextVar[str] = ContextVar("fvdash_log_delivery", default="")


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


__all__ = [
    "ContextFilter",
    "JSONFormatter",
    "agency_of_log",
    "clean",
    "delivery_of_log",
    "request_of_log",
    "scrub",
]
