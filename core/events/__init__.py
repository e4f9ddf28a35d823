"""Domain events: what happened, told in the transaction in which it happened.

    emit("project.created", data={"id": project.pk}, agency_id=project.agency_id)

Apps subscribe in `<app>/handlers.py`:

    @subscribe("project.created")
    def welcome(event: EventData) -> None: ...

Every (event, handler) pair is a row of the outbox: nothing is sent that was rolled back, and nothing
committed is forgotten.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import transaction


@dataclass(frozen=True)
class EventData:
    """An event as a handler gets it. `occurred_at` is in UTC."""

    id: uuid.UUID
    type: str
    agency_id: int | None
    occurred_at: dt.datetime
    actor_id: int | None
    data: dict[str, Any]


Handler = Callable[[EventData], None]
_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
_quiet: ContextVar[bool] = ContextVar("fvdash_events_quiet", default=False)


def subscribe(*types: str) -> Callable[[Handler], Handler]:
    """Registers a handler for these types; `*` for every one. It runs in a task, at least once: make it
    idempotent on `event.id`. Its name in the outbox is module.function."""

    def register(handler: Handler) -> Handler:
        for type_ in types:
            _handlers[type_][handler_name(handler)] = handler
        return handler

    return register


def handler_name(handler: Handler) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"


def handlers_of(type_: str) -> dict[str, Handler]:
    return {**_handlers["*"], **_handlers[type_]}


def handler_named(type_: str, name: str) -> Handler | None:
    return handlers_of(type_).get(name)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, `emit` says nothing: imports, demo data and recoveries tell one event for the whole batch."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def emit(type_: str, *, data: dict[str, Any], agency_id: int | None = None) -> uuid.UUID | None:
    """Writes the event and one delivery per subscribed handler in the caller's transaction.

    `data` must be JSON; ids rather than personal values. Returns the event's id, None inside `quiet`.
    Raises RuntimeError outside a transaction.
    """
    from core.audit.context import current
    from core.events.models import Event
    from core.outbox import wake
    from core.outbox.models import Delivery

    if _quiet.get():
        return None
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{type_} must be told in the transaction of its change")
    actor = current()
    event = Event.objects.create(
        type=type_, agency_id=agency_id, actor_id=actor.id, request_id=actor.request_id, data=data
    )
    handlers = handlers_of(type_)
    if handlers:
        Delivery.objects.bulk_create(Delivery(event=event, handler=name) for name in handlers)
        transaction.on_commit(wake)
    return event.pk
