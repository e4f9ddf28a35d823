"""What every operation of the business does: read the address and what was sent, answer rows."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema

from business.actions import access
from business.api.schemas import Row, Strict, out
from business.queries.common import ListPage, Where, where
from core.api.auth import viewer_of_request
from core.api.problems import Problem
from core.pages.keyset import BadCursor
from core.pages.listing import Listing, ListingError, ListingQuery


class ListParameters(Schema):
    """What every list takes."""

    agency: str | None = None
    q: str | None = None
    sort: str | None = None
    limit: int | None = Field(None, ge=1, le=200)
    cursor: str | None = None


@contextmanager
def listing_errors() -> Iterator[None]:
    """A forged or foreign cursor is 400, a filter or sort that the list does not have 422."""
    try:
        yield
    except BadCursor as error:
        raise Problem(400, str(error)) from error
    except ListingError as error:
        raise Problem(422, str(error)) from error


def listed[T: Row](
    request: HttpRequest,
    listing: Callable[[Where], Listing],
    page: Callable[[ListingQuery, Where], ListPage[T]],
    personal: str | None = None,
) -> dict[str, Any]:
    """A page of rows as JSON. `personal` is the resource type whose reading in bulk the trail keeps."""
    shown = where(viewer_of_request(request), request.GET.get("agency"))
    with listing_errors(), timezone.override(shown.zone or zone_of(request)):
        found = page(listing(shown).parse(request), shown).page
    if personal and found.rows:
        access.listed(personal, len(found.rows), shown.chosen.id if shown.chosen else None, "api")
    return {"items": [out(row) for row in found.rows], "next": found.next}


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(viewer_of_request(request).zone)


def new_values(payload: Strict) -> dict[str, Any]:
    """The values sent for a new row; a null is the same as nothing."""
    sent = payload.model_dump(exclude_unset=True, exclude={"agency"})
    return {name: value for name, value in sent.items() if value is not None}


def changes(payload: Strict, required: Sequence[str]) -> dict[str, Any]:
    """The values sent for a change; null empties what may be empty."""
    sent = payload.model_dump(exclude_unset=True, exclude={"version"})
    errors = [{"field": name, "message": "This may not be null."} for name in required if sent.get(name, "") is None]
    if errors:
        raise Problem(422, "Some values are not accepted: see errors.", errors=errors)
    return sent
