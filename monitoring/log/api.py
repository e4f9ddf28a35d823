"""The log over the API: the same queries as the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from core.api.auth import viewer_of_request
from core.api.problems import Problem
from core.pages.keyset import BadCursor
from core.pages.listing import ListingError
from monitoring.log import queries

router = Router(tags=["log"])


class LogParameters(Schema):
    """What the list takes."""

    q: str | None = Field(None, description="Words of messages, tracebacks, loggers, routes; prefixes match.")
    state: str | None = Field(None, description="open (the default), muted, resolved or all.")
    level: str | None = Field(None, description="error (and critical) or warning.")
    logger: str | None = Field(None, description="A logger, with those below it.")
    window: str | None = Field(None, description="Last seen in 1h, 24h, 7d or 30d.")
    sort: str | None = None
    limit: int | None = Field(None, ge=1, le=200)
    cursor: str | None = None


class EntriesParameters(Schema):
    q: str | None = None
    limit: int | None = Field(None, ge=1, le=200)
    cursor: str | None = None


class GroupOut(Schema):
    """A group of warnings or errors."""

    id: int
    level: str = Field(description="warning, error or critical.")
    logger: str
    exception: str = Field(description="Type of the exception, empty without one.")
    place: str = Field(description="file:function, innermost of our own code; * where different ones share a group.")
    title: str = Field(description="The newest message, without secrets and personal data.")
    count: int
    lost: int = Field(description="Of these, so many have no entry because too much came at once.")
    first_seen: dt.datetime
    last_seen: dt.datetime
    state: str = Field(description="open, regressed (resolved, and came again), resolved or muted.")
    request_id: str


class EntryOut(Schema):
    """One occurrence."""

    id: int
    at: dt.datetime
    message: str
    traceback: str
    extra: dict[str, Any]
    request_id: str
    task_id: str
    task: str
    actor: str
    user_id: int | None
    agency_id: int | None
    method: str
    route: str
    host: str
    process: str
    pid: int


class GroupsOut(Schema):
    items: list[GroupOut]
    next: str | None


class GroupDetailOut(GroupOut):
    """A group with a page of its entries, newest first: of each day at most the newest hundred."""

    entries: list[EntryOut]
    next: str | None


@contextmanager
def _errors() -> Iterator[None]:
    """A forged or foreign cursor is 400, a filter or sort that the list does not have 422."""
    try:
        yield
    except BadCursor as error:
        raise Problem(400, str(error)) from error
    except ListingError as error:
        raise Problem(422, str(error)) from error


@router.get("monitoring/log", response=GroupsOut, summary="Groups of the system log")
def list_groups(request: HttpRequest, params: Query[LogParameters]) -> dict[str, Any]:
    """Newest first. For the scope `monitoring`."""
    with _errors():
        query = queries.LISTING.parse(request)
        found = query.page(queries.rows(viewer_of_request(request), query), make=queries.row_of)
    return {"items": [asdict(row) for row in found.rows], "next": found.next}


@router.get("monitoring/log/{int:pk}", response=GroupDetailOut, summary="One group with its entries")
def get_group(request: HttpRequest, pk: int, params: Query[EntriesParameters]) -> dict[str, Any]:
    with _errors():
        found = queries.group_page(viewer_of_request(request), pk, queries.ENTRIES.parse(request))
    return {
        **asdict(found.row),
        "entries": [asdict(entry) for entry in found.entries.rows],
        "next": found.entries.next,
    }
