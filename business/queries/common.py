"""What every query of the business shares: which agencies are shown, references, bounded counts."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count as SqlCount
from django.db.models import Model, Q, QuerySet, Window
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from business.models import Client, Contract, Project
from business.queries.search import Search, one_of
from core.agencies.models import Agency
from core.pages.keyset import KeysetPage, ahead, paginate
from core.pages.listing import Column, ListingError, ListingPage, ListingQuery
from core.people.access import Area, Scope, Viewer

COUNT_LIMIT = 10_000
# Of a search: that a thousand rows match says enough, and each has to be looked up.
SEARCH_COUNT_LIMIT = 1_000
# So many of the next pages are searched row by row before the indexes are asked.
NEAR = 2
AGENCIES = 500
REFERENCES: dict[str, type[Client | Project | Contract]] = {
    "client": Client,
    "project": Project,
    "contract": Contract,
}


@dataclass(frozen=True)
class Place:
    """The agency of a row. Days of the row are of its `zone`, money is in its `currency`."""

    id: int
    slug: str
    name: str
    currency: str
    zone: zoneinfo.ZoneInfo
    is_demo: bool

    @property
    def today(self) -> dt.date:
        return timezone.now().astimezone(self.zone).date()


@dataclass(frozen=True)
class Ref:
    """Another row, as lists and JSON name it."""

    id: int
    source_id: str
    name: str


@dataclass(frozen=True)
class Count:
    """How many rows; `more` when there are more than were counted: 10,000, of a search 1,000."""

    number: int
    more: bool = False


@dataclass(frozen=True)
class Where:
    """Which agencies a list shows: all that the viewer sees, or the `chosen` one."""

    scope: Scope
    agencies: tuple[Place, ...]
    chosen: Place | None

    @classmethod
    def of(cls, place: Place) -> Where:
        """One agency alone."""
        return cls(Scope(False, frozenset({place.id})), (place,), place)

    @property
    def zone(self) -> zoneinfo.ZoneInfo | None:
        """Whose days filters and times are in; None (the viewer's) when agencies of several zones show."""
        if self.chosen:
            return self.chosen.zone
        zones = {place.zone for place in self.agencies}
        return zones.pop() if len(zones) == 1 else None

    @property
    def is_demo(self) -> bool:
        shown = [self.chosen] if self.chosen else self.agencies
        return any(place.is_demo for place in shown)

    def q(self, column: str = "agency_id") -> Q:
        return Q(**{column: self.chosen.id}) if self.chosen else self.scope.q(column)

    def day_starts(self) -> list[tuple[list[int], dt.datetime]]:
        """Ids of the shown agencies with the instant at which their present day began."""
        found: dict[zoneinfo.ZoneInfo, list[int]] = {}
        for place in [self.chosen] if self.chosen else self.agencies:
            found.setdefault(place.zone, []).append(place.id)
        return [(ids, day_start(zone)) for zone, ids in found.items()]


@dataclass(frozen=True)
class Chip:
    """A row that a list is narrowed to, and the address without it."""

    label: str
    name: str
    href: str


@dataclass(frozen=True)
class ListPage[T]:
    """A page of a list with its surroundings. `count` is None for JSON, which does not ask."""

    page: ListingPage[T]
    where: Where
    count: Count | None
    chips: tuple[Chip, ...] = ()

    @property
    def narrowed(self) -> bool:
        return self.page.filtered or bool(self.chips)


@lru_cache(64)
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def place_of(agency: Agency) -> Place:
    return Place(agency.pk, agency.slug, agency.name, agency.currency, _zone(agency.timezone), agency.is_demo)


def ref(row: Client | Project | Contract) -> Ref:
    return Ref(row.pk, row.source_id, row.name or f"#{row.pk}")


def ref_of(row: Client | Project | Contract | None) -> Ref | None:
    return None if row is None else ref(row)


def day_start(zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The instant at which the present day began there."""
    return timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def where(viewer: Viewer, agency: str | None = None, area: Area = Area.BUSINESS) -> Where:
    """The agencies that the viewer sees in `area`, narrowed to the one with the slug `agency`.

    Raises Denied without the role, Http404 for an agency that is not theirs.
    """
    scope = viewer.require(area)
    places = tuple(place_of(a) for a in Agency.objects.filter(scope.q("pk"))[:AGENCIES])
    chosen = places[0] if len(places) == 1 else None
    if agency:
        chosen = next((place for place in places if place.slug == agency), None)
        if chosen is None:
            raise Http404
    return Where(scope, places, chosen)


def writable(viewer: Viewer) -> tuple[Place, ...]:
    """The agencies in which the viewer may write, the archived ones left out."""
    scope = viewer.require(Area.BUSINESS_WRITE)
    return tuple(place_of(a) for a in Agency.objects.filter(scope.q("pk"), archived_at=None)[:AGENCIES])


def version_of(row: Model) -> str:
    """A digest of all columns: what a form or a PATCH sends back to say which state it has seen."""
    values = [repr(getattr(row, field.attname)) for field in row._meta.concrete_fields]
    return blake2b("\x1f".join(values).encode(), digest_size=8).hexdigest()


def find_reference(kind: str, q: Q, value: str | int) -> Client | Project | Contract | None:
    """The row that an id or a source id names. An int is an id; text is a source id, else digits an id."""
    rows: QuerySet[Any] = REFERENCES[kind]._default_manager.filter(q)
    if isinstance(value, int):
        return rows.filter(pk=value).first()
    by_source = rows.filter(source_id=value).first() if value else None
    if by_source is None and value.isascii() and value.isdigit() and len(value) < 19:
        return rows.filter(pk=int(value)).first()
    return by_source


def count(rows: QuerySet[Any], limit: int = COUNT_LIMIT) -> Count:
    """Rows, counted to `limit` at most."""
    found = rows.order_by().values("pk")[: limit + 1].count()
    return Count(min(found, limit), found > limit)


def counts(*querysets: QuerySet[Any]) -> list[Count]:
    """`count` of several, in one statement."""
    parts: list[str] = []
    params: list[Any] = []
    for rows in querysets:
        try:
            sql, given = rows.order_by().values("pk")[: COUNT_LIMIT + 1].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) counted)")  # noqa: S608  (made by the ORM)
        params += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return [Count(min(found, COUNT_LIMIT), found > COUNT_LIMIT) for found in row]


def from_day(column: str) -> Callable[[QuerySet[Any], str], QuerySet[Any]]:
    """A filter: on or after this day (or instant) in the active time zone."""
    return lambda rows, value: rows.filter(**{f"{column}__gte": _instant(value, dt.timedelta())})


def to_day(column: str) -> Callable[[QuerySet[Any], str], QuerySet[Any]]:
    """A filter: before the end of this day, or at or before this instant."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if parse_date(value):
            return rows.filter(**{f"{column}__lt": _instant(value, dt.timedelta(days=1))})
        return rows.filter(**{f"{column}__lte": _instant(value, dt.timedelta())})

    return apply


def _instant(value: str, more: dt.timedelta) -> dt.datetime:
    day = parse_date(value)
    found = dt.datetime.combine(day, dt.time()) if day else parse_datetime(value)
    if found is None or not 1900 <= found.year <= 2200:
        raise ValueError(value)
    if found.tzinfo is None:
        return timezone.make_aware(found + more)
    return found


def page_of[M: Model, T](
    query: ListingQuery,
    rows: QuerySet[M],
    shown: Where,
    make: Callable[[M], T],
    *,
    narrow_to: Sequence[str] = (),
    counted: bool = True,
) -> ListPage[T]:
    """One page of `rows`, narrowed by the query and by the references that it carries."""
    rows, chips = narrow_references(query, rows, shown, narrow_to)
    search = query.listing.search
    if query.q and isinstance(search, Search):
        found, number = _searched(query, search, rows, shown, make, counted, near=not chips)
    else:
        rows = query.narrow(rows)
        found = _paged(query, rows, make)
        number = count(rows) if counted else None
    return ListPage(ListingPage(found.rows, found.next, found.prev, query), shown, number, chips)


def _paged[M: Model, T](query: ListingQuery, rows: QuerySet[M], make: Callable[[M], T]) -> KeysetPage[T]:
    return paginate(rows, query.order, scope=query.scope, cursor=query.cursor, limit=query.limit, make=make)


def _searched[M: Model, T](
    query: ListingQuery,
    search: Search,
    rows: QuerySet[M],
    shown: Where,
    make: Callable[[M], T],
    counted: bool,
    near: bool,
) -> tuple[KeysetPage[T], Count | None]:
    """A page of the rows that match, and their number. `near`: look among the next rows of the list first."""
    rows = replace(query, q="").narrow(rows)
    next_keys = partial(ahead, order=query.order, scope=query.scope, cursor=query.cursor)
    if near:
        window = next_keys(rows, size=NEAR * query.limit)
        found = _paged(query, rows.filter(one_of(window), search.by_row(query.q)), make)
        if found.more:
            if not counted:
                return found, None
            # So common a word: a part of its rows most often says that there are more than are counted.
            some = count(rows.filter(search.indexed(query.q, shown.q(), SEARCH_COUNT_LIMIT)), SEARCH_COUNT_LIMIT)
            if some.more:
                return found, some
            return found, count(rows.filter(search.indexed(query.q, shown.q(), None)), SEARCH_COUNT_LIMIT)
    matching = rows.filter(search.indexed(query.q, shown.q(), None))
    if not search.sorted_after:
        return _paged(query, matching, make), count(matching, SEARCH_COUNT_LIMIT) if counted else None
    # All that match are found before they are sorted, so counting them there costs nothing; behind a cursor only
    # the rest is found.
    at_once = counted and query.cursor is None
    keys = next_keys(matching, size=query.limit + 1, sorted_after=True)
    if not at_once:
        return _paged(query, rows.filter(one_of(keys)), make), count(matching, SEARCH_COUNT_LIMIT) if counted else None
    read = list(keys.annotate(number=Window(SqlCount("*"))))
    found = _paged(query, rows.filter(pk__in=[row["pk"] for row in read]), make)
    number = read[0]["number"] if read else 0
    return found, Count(min(number, SEARCH_COUNT_LIMIT), number > SEARCH_COUNT_LIMIT)


def narrowed[M: Model](query: ListingQuery, rows: QuerySet[M], shown: Where) -> QuerySet[M]:
    """Search and filters of the query; the search knows which agencies the rows are of."""
    search = query.listing.search
    if isinstance(search, Search):
        listing = replace(query.listing, search=lambda found, text: search(found, text, shown.q()))
        query = replace(query, listing=listing)
    return query.narrow(rows)


def narrow_references[M: Model](
    query: ListingQuery, rows: QuerySet[M], shown: Where, names: Sequence[str]
) -> tuple[QuerySet[M], tuple[Chip, ...]]:
    """Rows of the client, project or contract that the address names; none when it is not there."""
    labels = {"client": _("Client"), "project": _("Project"), "contract": _("Contract")}
    chips = []
    for name in names:
        value = query.carried.get(name)
        if not value:
            continue
        if len(value) > 100 or "\0" in value:
            raise ListingError(_("This row is not known."))
        found = find_reference(name, shown.q(), value)
        rows = rows.filter(**{name: found}) if found else rows.none()
        # A value that names nothing is not said again: it may be another's.
        chips.append(Chip(labels[name], found.name or f"#{found.pk}" if found else "?", query.href(**{name: None})))
    return rows, tuple(chips)


def exported(query: ListingQuery, columns: Sequence[Column]) -> ListingQuery:
    """The query with the columns of an export in place of those of the page."""
    listing = query.listing
    hidden = [replace(column, exported=False) for column in listing.columns]
    return replace(query, listing=replace(listing, columns=[*hidden, *columns]))
