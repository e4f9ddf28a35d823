"""Who acts, from where, in which request: set once at the edge, read by every write.

`wrapper` puts it into the transaction (`SET LOCAL` in effect), where the triggers read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Actor:
    """`kind` is user, token, task, command or system; `id` is the person's, where there is one."""

    kind: str = "system"
    id: int | None = None
    on_behalf_of: int | None = None
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""
    reason: str = ""

    @cached_property
    def as_json(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value not in (None, "")})


_current: ContextVar[Actor] = ContextVar("fvdash_actor", default=Actor())  # noqa: B039  (frozen)


def current() -> Actor:
    return _current.get()


def set_actor(actor: Actor) -> None:
    """Replaces the actor of this context (a request's middleware calls it; see `acting` for a block)."""
    _current.set(actor)


@contextmanager
def acting(actor: Actor | None = None, **changes: Any) -> Iterator[Actor]:
    """Runs the block as `actor`, or as the current one with some fields changed."""
    token = _current.set(replace(actor or _current.get(), **changes))
    try:
        yield _current.get()
    finally:
        _current.reset(token)
