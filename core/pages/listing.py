"""Lists: search, filters, sort, pages by cursor and CSV, all from the URL, declared once for HTML and JSON.

LISTING = Listing("clients", columns=[Column("name", _("Client"), order="name"), …], sort="name")
query = LISTING.parse(request)
page = query.page(queryset, make=to_row)
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.core.exceptions import FieldError, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from core.pages.keyset import BadCursor, Key, KeysetPage, bind, paginate
from core.pages.parts import Text
from core.spreadsheets import guarded

CSV_ROWS: Final = 100_000
_CSV_CHUNK: Final = 1_000


class ListingError(Exception):
    """The address asks for a sort, filter value or limit that this list does not have: 400."""

    for_people = True


@dataclass(frozen=True)
class Column:
    """One column.

    `order` is the field or annotation that it sorts by (None: it does not sort); `nullable` when that may be
    null; `descending` when a first click should show the largest first. `csv` reads its cell from a row for
    the export (default: the row's attribute named `key`); `label` may be empty for a column of buttons,
    which is not exported.
    """

    key: str
    label: Text
    order: str | None = None
    nullable: bool = False
    numeric: bool = False
    descending: bool = False
    css: str = ""
    csv: Callable[[Any], Any] | None = None
    exported: bool = True


@dataclass(frozen=True)
class Filter:
    """One filter. With `options` only these values are accepted. `apply` narrows the queryset (default: the
    field named `key` equals the value). `input` is the HTML type of a filter without options: text, date,
    month."""

    key: str
    label: Text
    options: Sequence[tuple[str, Text]] | None = None
    apply: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    input: str = "text"


@dataclass(frozen=True)
class Head:
    """A column as the table's head shows it."""

    key: str
    label: Text
    css: str
    href: str
    sorted: Literal["", "ascending", "descending"]


@dataclass(frozen=True)
class ShownFilter:
    key: str
    label: Text
    options: Sequence[tuple[str, Text]] | None
    input: str
    value: str


@dataclass(frozen=True)
class ListingPage[T]:
    """What a list's template needs. `next` and `prev` are cursors for JSON, the `*_href` addresses for
    HTML."""

    rows: list[T]
    next: str | None
    prev: str | None
    query: ListingQuery

    @property
    def path(self) -> str:
        return self.query.path

    @property
    def heads(self) -> list[Head]:
        return [self.query.head(column) for column in self.query.listing.columns]

    @property
    def filters(self) -> list[ShownFilter]:
        return [
            ShownFilter(f.key, f.label, f.options, f.input, self.query.filters.get(f.key, ""))
            for f in self.query.listing.filters
        ]

    @property
    def searchable(self) -> bool:
        return bool(self.query.listing.search)

    @property
    def filtered(self) -> bool:
        return bool(self.query.q or self.query.filters)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form must carry along unseen: the scope and a sort that is not the default."""
        kept = list(self.query.carried.items())
        if self.query.sort != self.query.listing.sort:
            kept.append(("sort", self.query.sort))
        return kept

    @property
    def next_href(self) -> str:
        return self.query.href(cursor=self.next) if self.next else ""

    @property
    def prev_href(self) -> str:
        return self.query.href(cursor=self.prev) if self.prev else ""

    @property
    def csv_href(self) -> str:
        return self.query.href(format="csv")

    @property
    def clear_href(self) -> str:
        return self.query.href(q=None, **dict.fromkeys(self.query.filters))


@dataclass(frozen=True)
class Listing:
    """A list, declared. `search` is fields that contain the text, or a callable; `sort` is a column's key
    with "-" for descending; `unique` breaks ties and must be unique; `carry` are other parameters that links
    keep (the scope of the page), and that belong to the cursor too."""

    name: str
    columns: Sequence[Column]
    sort: str
    filters: Sequence[Filter] = ()
    search: Sequence[str] | Callable[[QuerySet[Any], str], QuerySet[Any]] = ()
    unique: str = "pk"
    limit: int = 50
    max_limit: int = 200
    carry: Sequence[str] = ("agency", "scope", "as_of", "period")

    def parse(self, request: HttpRequest) -> ListingQuery:
        """Reads the address; raises ListingError for a sort, filter value or limit that is not there."""
        got = request.GET
        sort = got.get("sort") or self.sort
        self.column_of(sort)
        filters = {}
        for declared in self.filters:
            value = got.get(declared.key, "").strip()
            if not value:
                continue
            if (
                len(value) > 200
                or "\0" in value
                or (declared.options is not None and value not in {option for option, _label in declared.options})
            ):
                raise ListingError(
                    _("%(value)s is not a value of the filter %(name)s.")
                    % {"value": value[:60], "name": declared.label}
                )
            filters[declared.key] = value
        text = got.get("limit", "")
        if text and not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= self.max_limit):
            raise ListingError(_("The limit is from 1 to %(max)s.") % {"max": self.max_limit})
        shape = got.get("format", "")
        if shape not in ("", "csv", "html"):
            raise ListingError(_("The only other format is csv."))
        return ListingQuery(
            listing=self,
            path=request.path,
            q=" ".join(got.get("q", "").replace("\0", "").split())[:200],
            filters=filters,
            sort=sort,
            cursor=got.get("cursor") or None,
            limit=int(text) if text else self.limit,
            wants_csv=shape == "csv",
            carried={name: got[name] for name in self.carry if got.get(name) and name not in filters},
            streams_async=isinstance(request, ASGIRequest),
        )

    def column_of(self, sort: str) -> Column:
        key = sort.removeprefix("-")
        for column in self.columns:
            if column.key == key and column.order:
                return column
        raise ListingError(_("This list cannot be sorted by %(column)s.") % {"column": key[:60]})


@dataclass(frozen=True)
class ListingQuery:
    """One request for a list, read and checked."""

    listing: Listing
    path: str
    q: str
    filters: dict[str, str]
    sort: str
    cursor: str | None
    limit: int
    wants_csv: bool = False
    carried: dict[str, str] = field(default_factory=dict)
    streams_async: bool = False

    @property
    def order(self) -> list[Key]:
        column = self.listing.column_of(self.sort)
        descending = self.sort.startswith("-")
        # column_of returns only columns that sort.
        keys = [Key(column.order or self.listing.unique, descending, column.nullable)]
        if column.order != self.listing.unique:
            keys.append(Key(self.listing.unique, descending))
        return keys

    @property
    def scope(self) -> str:
        return bind(self.listing.name, self.q, self.filters, self.sort, self.carried)

    def narrow[M: Model](self, queryset: QuerySet[M]) -> QuerySet[M]:
        """Applies search and filters, for totals and counts beside the page."""
        for declared in self.listing.filters:
            value = self.filters.get(declared.key)
            if value is None:
                continue
            try:
                queryset = (
                    declared.apply(queryset, value) if declared.apply else queryset.filter(**{declared.key: value})
                )
            except (ValueError, ValidationError, FieldError) as error:
                raise ListingError(
                    _("%(value)s is not a value of the filter %(name)s.")
                    % {"value": value[:60], "name": declared.label}
                ) from error
        search = self.listing.search
        if self.q and search:
            if callable(search):
                return search(queryset, self.q)
            wanted = Q()
            for name in search:
                wanted |= Q(**{f"{name}__icontains": self.q})
            queryset = queryset.filter(wanted)
        return queryset

    def page[M: Model, T](self, queryset: QuerySet[M], *, make: Callable[[M], T]) -> ListingPage[T]:
        """One page of the narrowed queryset in its order; `make` turns a model into a row of the page."""
        found = self._keyset(queryset, self.cursor, self.limit, make)
        return ListingPage(found.rows, found.next, found.prev, self)

    def _keyset[M: Model, T](
        self, queryset: QuerySet[M], cursor: str | None, limit: int, make: Callable[[M], T]
    ) -> KeysetPage[T]:
        return paginate(self.narrow(queryset), self.order, scope=self.scope, cursor=cursor, limit=limit, make=make)

    def csv[M: Model, T](
        self, queryset: QuerySet[M], *, make: Callable[[M], T], name: str = ""
    ) -> StreamingHttpResponse:
        """All rows of the filter (at most 100,000) as CSV: UTF-8 with BOM, `,`, `.` decimals, RFC 3339
        times, the columns' keys as head. Read in chunks, so that no row waits for the last one."""
        chunks = self._csv_chunks(queryset, make)
        response = StreamingHttpResponse(
            _async(chunks) if self.streams_async else chunks, content_type="text/csv; charset=utf-8"
        )
        response.headers["Content-Disposition"] = f'attachment; filename="{name or self.listing.name}.csv"'
        response.headers["Cache-Control"] = "no-store"
        return response

    def _csv_chunks[M: Model, T](self, queryset: QuerySet[M], make: Callable[[M], T]) -> Iterator[bytes]:
        columns = [column for column in self.listing.columns if column.exported and column.key]
        yield b"\xef\xbb\xbf" + _csv_line([column.key for column in columns])
        cursor: str | None = None
        left = CSV_ROWS
        while left > 0:
            found = self._keyset(queryset, cursor, min(_CSV_CHUNK, left), make)
            yield b"".join(_csv_line([_cell(column, row) for column in columns]) for row in found.rows)
            left -= len(found.rows)
            cursor = found.next
            if cursor is None:
                return

    def href(self, **changes: str | None) -> str:
        """The present list with some parameters changed (None: dropped). A new sort or filter starts at the
        top."""
        params: dict[str, str] = dict(self.carried)
        if self.q:
            params["q"] = self.q
        params.update(self.filters)
        if self.sort != self.listing.sort:
            params["sort"] = self.sort
        if self.limit != self.listing.limit:
            params["limit"] = str(self.limit)
        for key, value in changes.items():
            if value is None:
                params.pop(key, None)
            else:
                params[key] = value
        if params.get("sort") == self.listing.sort:
            del params["sort"]
        return f"{self.path}?{urlencode(params)}" if params else self.path

    def head(self, column: Column) -> Head:
        css = f"{'num ' if column.numeric else ''}{column.css}".strip()
        if not column.order:
            return Head(column.key, column.label, css, "", "")
        here = self.sort.removeprefix("-") == column.key
        descending = self.sort.startswith("-")
        other = f"-{column.key}" if (not descending if here else column.descending) else column.key
        state: Literal["", "ascending", "descending"] = "" if not here else "descending" if descending else "ascending"
        return Head(column.key, column.label, css, self.href(sort=other), state)


def _cell(column: Column, row: Any) -> str:
    value = column.csv(row) if column.csv else getattr(row, column.key)
    if value is None:
        return ""
    # Numbers cannot be formulas, and an apostrophe before a minus would spoil them.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    return guarded(str(value))


def _csv_line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


async def _async(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks for an ASGI server, each read in the thread of the request's own connection."""
    step = sync_to_async(lambda: next(chunks, None), thread_sensitive=True)
    while (chunk := await step()) is not None:
        yield chunk


__all__ = [
    "CSV_ROWS",
    "BadCursor",
    "Column",
    "Filter",
    "Head",
    "Listing",
    "ListingError",
    "ListingPage",
    "ListingQuery",
]
