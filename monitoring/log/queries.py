"""What the pages and the API of the log show; for those who may see the area."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from django.db import connection
from django.db.models import BooleanField, Count, Exists, F, Func, Min, OuterRef, Q, QuerySet, TextField, Value
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Agency, User
from core.pages.listing import Column, Filter, Listing, ListingError, ListingPage, ListingQuery
from core.people.access import Area, Viewer
from monitoring.log.tables import KEPT
from monitoring.models import LogEntry, LogGroup, LogSlot

State = LogGroup.State
HOUR: Final = dt.timedelta(hours=1)
# Window of the list: how far back, and the step and number of its sparkline's points.
WINDOWS: Final[dict[str, tuple[Any, dt.timedelta, dt.timedelta, int]]] = {
    "1h": (_("last hour"), HOUR, HOUR, 24),
    "24h": (_("last 24 hours"), dt.timedelta(hours=24), HOUR, 24),
    "7d": (_("last 7 days"), dt.timedelta(days=7), dt.timedelta(hours=6), 28),
    "30d": (_("last 30 days"), KEPT, dt.timedelta(days=1), 30),
}
WIDEST: Final = "30d"
LEVELS: Final = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
# The tabs: what waits for somebody first.
STATES: Final[dict[str, tuple[str, ...]]] = {
    "open": (State.OPEN, State.REGRESSED),
    "muted": (State.MUTED,),
    "resolved": (State.RESOLVED,),
    "all": tuple(State),
}
MOST_OF_A_REQUEST: Final = 200
LOOKED_UP: Final = 5_000


@dataclass(frozen=True)
class GroupRow:
    """A group. `points` are its counts over the list's window, oldest first; None before anything was kept."""

    id: int
    level: str
    logger: str
    exception: str
    place: str
    title: str
    count: int
    lost: int
    first_seen: dt.datetime
    last_seen: dt.datetime
    state: str
    changed_at: dt.datetime
    changed_by: str
    request_id: str
    host: str
    process: str
    points: tuple[int | None, ...] = ()

    @property
    def bad(self) -> bool:
        return self.level in ("error", "critical")


@dataclass(frozen=True)
class EntryRow:
    """One occurrence. `user` and `agency` are names, "" when nobody is known by that id any more."""

    id: int
    group_id: int
    at: dt.datetime
    level: str
    logger: str
    message: str
    traceback: str
    extra: dict[str, Any]
    request_id: str
    task_id: str
    task: str
    actor: str
    user_id: int | None
    user: str
    agency_id: int | None
    agency: str
    method: str
    route: str
    host: str
    process: str
    pid: int


@dataclass(frozen=True)
class GroupsPage:
    """The list with what stands beside it: groups by tab; None while searching, when
    counting them all would cost more than the list."""

    page: ListingPage[GroupRow]
    counts: dict[str, int | None]
    state: str
    window: str


@dataclass(frozen=True)
class GroupPage:
    """One group: its occurrences over 30 days by day, and a page of its entries."""

    row: GroupRow
    entries: ListingPage[EntryRow]
    shown: EntryRow | None
    days: tuple[tuple[dt.datetime, int | None], ...] = field(default=())


class _Matches(Func):
    """`tsvector @@ tsquery`."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field: ClassVar = BooleanField()


def _has(text: str) -> Q:
    """Whether the column `search` has all words of the text, as prefixes, whatever their case and accents."""
    return Q(_Matches(F("search"), Func(Value(text), function="business_query", output_field=TextField())))


def _search(groups: QuerySet[LogGroup], text: str) -> QuerySet[LogGroup]:
    """Groups whose own words, or those of an entry of the last 30 days, have all words of the text.

    Few matching entries are looked up first, and the list reads its groups from an index; with many the
    database reads all of them, which takes longer than the rest of the page.
    """
    entries = LogEntry.objects.filter(_has(text), day__gte=timezone.now() - KEPT)
    found = list(entries.values_list("group_id", flat=True)[: LOOKED_UP + 1])
    inside = Q(pk__in=set(found)) if len(found) <= LOOKED_UP else Q(Exists(entries.filter(group_id=OuterRef("pk"))))
    return groups.filter(_has(text) | inside)


def _level(groups: QuerySet[LogGroup], value: str) -> QuerySet[LogGroup]:
    return groups.filter(level__gte=40) if value == "error" else groups.filter(level__lt=40)


def _logger(groups: QuerySet[LogGroup], value: str) -> QuerySet[LogGroup]:
    """A logger and those below it, as logging itself names them."""
    return groups.filter(logger=value) | groups.filter(logger__startswith=f"{value}.")


def _window(groups: QuerySet[LogGroup], value: str) -> QuerySet[LogGroup]:
    return groups.filter(last_seen__gte=timezone.now() - WINDOWS[value][1])


LISTING = Listing(
    "log",
    columns=[
        Column("title", _("What")),
        Column("points", _("Trend"), exported=False, css="wide-only"),
        Column("count", _("Count"), order="count", numeric=True, descending=True),
        Column("last_seen", _("Last seen"), order="last_seen", descending=True),
        Column("first_seen", _("First seen"), order="first_seen", descending=True, css="wide-only"),
        Column("state", _("Status")),
    ],
    filters=[
        Filter("level", _("Level"), [("error", _("errors")), ("warning", _("warnings"))], apply=_level),
        Filter("window", _("Seen"), [(key, found[0]) for key, found in WINDOWS.items()], apply=_window),
        Filter("logger", _("Logger"), apply=_logger),
    ],
    search=_search,
    sort="-last_seen",
    carry=("state",),
)
EXPORT = [
    Column(name, name)
    for name in (
        "id", "level", "logger", "exception", "place", "title", "count", "lost", "first_seen", "last_seen", "state",
        "request_id", "host", "process",
    )
]  # fmt: skip
ENTRIES = Listing(
    "log-entries",
    columns=[
        Column("at", _("When"), order="at", descending=True),
        Column("message", _("Message")),
        Column("route", _("Where"), css="wide-only"),
        Column("user", _("For whom"), css="wide-only"),
        Column("request_id", _("Request or task")),
    ],
    search=lambda entries, text: entries.filter(_has(text)),
    sort="-at",
    limit=20,
    carry=("entry",),
)


def groups(viewer: Viewer, query: ListingQuery) -> GroupsPage:
    """The groups that the address asks for. Raises Denied, ListingError. Four queries."""
    window = query.filters.get("window", WIDEST)
    page = query.page(rows(viewer, query), make=row_of)
    shown = ListingPage(_with_points(page.rows, window), page.next, page.prev, query)
    return GroupsPage(shown, _counts(query), state_of(query), window)


def rows(viewer: Viewer, query: ListingQuery) -> QuerySet[LogGroup]:
    """What the list is a page of. Raises Denied, ListingError."""
    viewer.require(Area.MONITORING)
    return LogGroup.objects.filter(state__in=STATES[state_of(query)]).select_related("changed_by").defer("search")


def state_of(query: ListingQuery) -> str:
    """The tab; raises ListingError for one that is not there."""
    state = query.carried.get("state", "open")
    if state not in STATES:
        raise ListingError(str(_("The tabs are open, muted, resolved and all.")))
    return state


def _counts(query: ListingQuery) -> dict[str, int | None]:
    if query.q:
        return dict.fromkeys(STATES)
    found = dict(
        query.narrow(LogGroup.objects.order_by()).values_list("state").annotate(n=Count("pk")).values_list("state", "n")
    )
    return {tab: sum(found.get(state, 0) for state in states) for tab, states in STATES.items()}


def row_of(group: LogGroup) -> GroupRow:
    return GroupRow(
        group.pk,
        level_name(group.level),
        group.logger,
        group.exception,
        group.place,
        group.title,
        group.count,
        group.lost,
        group.first_seen,
        group.last_seen,
        group.state,
        group.changed_at,
        str(group.changed_by) if group.changed_by else "",
        group.request_id,
        group.host,
        group.process,
    )


def level_name(level: int) -> str:
    """The nearest of logging's own names at or below."""
    return LEVELS[max((known for known in LEVELS if known <= level), default=10)]


def _with_points(found: list[GroupRow], window: str) -> list[GroupRow]:
    _label, _length, step, number = WINDOWS[window]
    if not found:
        return found
    points, blank = _points([row.id for row in found], step, number), [0] * number
    start, begun = _floor(timezone.now(), step) - (number - 1) * step, _begun()
    # Later the log was kept and the group did not come, which is 0; before, nobody looked.
    known = int((begun - start) / step) if begun > start else 0
    return [
        replace(row, points=tuple(n if slot >= known else None for slot, n in enumerate(points.get(row.id, blank))))
        for row in found
    ]


def _begun() -> dt.datetime:
    """When the oldest record came that is still counted."""
    return LogSlot.objects.aggregate(at=Min("slot"))["at"] or timezone.now()


def _points(ids: Sequence[int], step: dt.timedelta, number: int) -> dict[int, list[int]]:
    """Counts of each group in `number` steps up to now."""
    start = _floor(timezone.now(), step) - (number - 1) * step
    lines: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_id, floor(extract(epoch FROM hour - %s) / %s)::int AS step, sum(count)"
            " FROM monitoring_loghour WHERE group_id = ANY(%s) AND hour >= %s GROUP BY group_id, step",
            [start, step.total_seconds(), list(ids), start],
        )
        for group_id, slot, count in cursor.fetchall():
            if 0 <= slot < number:
                lines.setdefault(group_id, [0] * number)[slot] = int(count)
    return lines


def _floor(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    """Days in the viewer's zone (partly), hours in any: whole steps since local midnight."""
    local = timezone.localtime(at)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // step * step


# ---- one group -----------------------------------------------------------------------------------
def group(viewer: Viewer, pk: int) -> GroupRow:
    """One group. Raises Denied, Http404. One query."""
    viewer.require(Area.MONITORING)
    found = LogGroup.objects.select_related("changed_by").defer("search").filter(pk=pk).first()
    if found is None:
        raise Http404
    return row_of(found)


def group_page(viewer: Viewer, pk: int, query: ListingQuery) -> GroupPage:
    """A group with its entries and its days. Raises Denied, Http404, ListingError. Seven queries at most."""
    row = group(viewer, pk)
    page = query.page(_entries().filter(group_id=pk), make=lambda entry: entry)
    wanted = query.carried.get("entry", "")
    chosen = next((entry for entry in page.rows if str(entry.pk) == wanted), None)
    if chosen is None and wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        chosen = _entries().filter(group_id=pk, pk=int(wanted)).first()
    found = entry_rows([*page.rows, *([chosen] if chosen else [])])
    shown = found[-1] if chosen else found[0] if found else None
    entries = ListingPage(found[: len(page.rows)], page.next, page.prev, query)
    return GroupPage(row, entries, shown, _days(row))


def _entries() -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(day__gte=timezone.now() - KEPT - dt.timedelta(days=1)).defer("search")


def _days(row: GroupRow) -> tuple[tuple[dt.datetime, int | None], ...]:
    step, number = dt.timedelta(days=1), KEPT.days
    (line,) = _with_points([row], WIDEST)
    start = _floor(timezone.now(), step) - (number - 1) * step
    return tuple((start + index * step, count) for index, count in enumerate(line.points))


def of_request(viewer: Viewer, request_id: str) -> list[EntryRow]:
    """All entries of a request or task, in the order they came; at most 200. Raises Denied."""
    viewer.require(Area.MONITORING)
    found = _entries().filter(request_id=request_id) | _entries().filter(task_id=request_id)
    return entry_rows(found.order_by("at", "pk")[:MOST_OF_A_REQUEST])


def entry_rows(entries: Iterable[LogEntry]) -> list[EntryRow]:
    """The entries with the names of people and agencies that are still known. Two queries at most."""
    found = list(entries)
    people = _names(User, {entry.user_id for entry in found})
    agencies = _names(Agency, {entry.agency_id for entry in found})
    return [
        EntryRow(
            entry.pk,
            entry.group_id,
            entry.at,
            level_name(entry.level),
            entry.logger,
            entry.message,
            entry.traceback,
            entry.extra,
            entry.request_id,
            entry.task_id,
            entry.task,
            entry.actor,
            entry.user_id,
            people.get(entry.user_id or 0, ""),
            entry.agency_id,
            agencies.get(entry.agency_id or 0, ""),
            entry.method,
            entry.route,
            entry.host,
            entry.process,
            entry.pid,
        )
        for entry in found
    ]


def _names(model: type[User] | type[Agency], ids: set[int | None]) -> dict[int, str]:
    wanted = [one for one in ids if one is not None]
    return {row.pk: str(row) for row in model.objects.filter(pk__in=wanted)} if wanted else {}
