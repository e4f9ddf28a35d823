"""Pages by cursor: the rows after a row, never an offset, so that a new row shifts nothing and page 1,000 is
as fast as page 1.

A cursor is signed and bound to what it was made for (the list, its filters, its order): a forged one, or one
of another list, is refused rather than answered wrongly.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

_SALT = "fvdash.keyset"


class BadCursor(Exception):
    """The cursor is not ours, or not of this list, filter and order: 400."""

    for_people = True

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return str(_("This position in the list is not valid for these filters. Start from the first page."))


@dataclass(frozen=True)
class Key:
    """One column of the order. `nullable` columns put their nulls last, whichever the direction."""

    field: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class KeysetPage[T]:
    """`next` and `prev` are cursors, None at the ends; `more` whether rows follow in the direction of travel."""

    rows: list[T]
    next: str | None
    prev: str | None
    more: bool


type Direction = Literal["after", "before"]


def bind(*parts: object) -> str:
    """What a cursor belongs to, as a short digest of JSON-able parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


def encode(values: Sequence[Any], direction: Direction, scope: str) -> str:
    """An opaque, URL-safe cursor at the row that has these key values."""
    return signing.dumps([direction[0], [_pack(value) for value in values]], salt=f"{_SALT}:{scope}")


def decode(cursor: str, scope: str, length: int) -> tuple[Direction, list[Any]]:
    """The reverse of `encode`; raises BadCursor."""
    if len(cursor) > 2000:
        raise BadCursor
    try:
        way, packed = signing.loads(cursor, salt=f"{_SALT}:{scope}")
        values = [_unpack(value) for value in packed]
    except (signing.BadSignature, ValueError, TypeError, InvalidOperation) as error:
        raise BadCursor from error
    if way not in ("a", "b") or len(values) != length:
        raise BadCursor
    return ("after" if way == "a" else "before"), values


def paginate[M: Model, T](
    queryset: QuerySet[M],
    order: Sequence[Key],
    *,
    scope: str,
    cursor: str | None,
    limit: int,
    make: Callable[[M], T],
) -> KeysetPage[T]:
    """One page of `queryset`. The last key must be unique (the primary key); one query of `limit` + 1
    rows."""
    back, values = _position(cursor, scope, order)
    found = list(_from(queryset, order, back, values)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if back:
        found.reverse()
    has_next = more if not back else True
    has_prev = more if back else values is not None
    return KeysetPage(
        [make(row) for row in found],
        encode(_values(found[-1], order), "after", scope) if found and has_next else None,
        encode(_values(found[0], order), "before", scope) if found and has_prev else None,
        more,
    )


def ahead[M: Model](
    queryset: QuerySet[M],
    order: Sequence[Key],
    *,
    scope: str,
    cursor: str | None,
    size: int,
    sorted_after: bool = False,
) -> QuerySet[M, Any]:
    """The primary keys of the first `size` rows that a page at `cursor` would hold. With `sorted_after`
    no index gives the order: all rows are found, then sorted."""
    back, values = _position(cursor, scope, order)
    return _from(queryset, order, back, values, sorted_after).values("pk")[:size]


def _position(cursor: str | None, scope: str, order: Sequence[Key]) -> tuple[bool, list[Any] | None]:
    if not cursor:
        return False, None
    direction, values = decode(cursor, scope, len(order))
    return direction == "before", values


def _from[M: Model](
    queryset: QuerySet[M], order: Sequence[Key], back: bool, values: list[Any] | None, sorted_after: bool = False
) -> QuerySet[M]:
    rows = queryset.order_by(*[_ordering(key, back, sorted_after) for key in order])
    return rows if values is None else rows.filter(_beyond(order, values, back))


def _ordering(key: Key, back: bool, sorted_after: bool) -> Any:
    descending = key.descending != back
    # The same value, but no index is of this expression.
    column = Coalesce(F(key.field), F(key.field)) if sorted_after else F(key.field)
    if not key.nullable:
        return column.desc() if descending else column.asc()
    # Nulls come last going forward, so first going back.
    where: dict[str, Any] = {"nulls_first": True} if back else {"nulls_last": True}
    return column.desc(**where) if descending else column.asc(**where)


def _beyond(order: Sequence[Key], values: Sequence[Any], back: bool) -> Q:
    """Rows strictly beyond the position, in the direction of travel."""
    key, value = order[0], values[0]
    rest = _beyond(order[1:], values[1:], back) if len(order) > 1 else None
    if value is None:
        same = Q(**{f"{key.field}__isnull": True})
        passed = Q(**{f"{key.field}__isnull": False}) if back else None
        inside = same & rest if rest is not None else None
        if passed is None:
            return inside if inside is not None else Q(pk__in=[])
        return passed | inside if inside is not None else passed
    sign = "lt" if key.descending != back else "gt"
    strictly = Q(**{f"{key.field}__{sign}": value})
    if rest is None:
        return strictly
    if key.nullable and not back:
        return strictly | Q(**{f"{key.field}__isnull": True}) | (Q(**{key.field: value}) & rest)
    # The redundant bound lets an index on the key start at the position.
    return Q(**{f"{key.field}__{sign}e": value}) & (strictly | rest)


def _values(row: Any, order: Sequence[Key]) -> list[Any]:
    return [_read(row, key.field) for key in order]


def _read(row: Any, path: str) -> Any:
    value = row
    for name in path.split("__"):
        value = getattr(value, name) if value is not None else None
    return value


def _pack(value: Any) -> Any:
    # Order matters: a datetime is a date.
    if isinstance(value, dt.datetime):
        return {"t": value.isoformat()}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, uuid.UUID):
        return {"u": value.hex}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be a key")


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    match kind:
        case "t":
            return dt.datetime.fromisoformat(text)
        case "d":
            return dt.date.fromisoformat(text)
        case "n":
            return Decimal(text)
        case "u":
            return uuid.UUID(text)
    raise ValueError(kind)
