"""What the status pages show. The public one has no viewer: it shows the same to everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import F, Q
from django.db.models.functions import Least
from django.http import Http404

from core.people.access import Area, Viewer
from monitoring.health import Report, Status, outside, uptime
from monitoring.health.outcomes import ESSENTIAL
from monitoring.health.uptime import Beat
from monitoring.models import Maintenance, StatusIncident, StatusPage
from monitoring.status.components import COMPONENTS, named

DAYS = 90
PAST_DAYS = 30
MOST = 50


class State(StrEnum):
    OK = "ok"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


# What one component makes of the whole, worst last.
_RANK = [State.OK, State.UNKNOWN, State.MAINTENANCE, State.DEGRADED, State.DOWN]


@dataclass(frozen=True)
class UpdateRow:
    at: dt.datetime
    stage: str
    label: str
    body: str


@dataclass(frozen=True)
class IncidentRow:
    """An incident with its updates, newest first."""

    id: int
    title: str
    impact: str
    impact_label: str
    stage: str
    stage_label: str
    components: tuple[str, ...]
    started_at: dt.datetime
    resolved_at: dt.datetime | None
    updates: tuple[UpdateRow, ...]

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def names(self) -> list[str]:
        return named(list(self.components))


@dataclass(frozen=True)
class MaintenanceRow:
    """`over_at`: when it ended or is planned to. `phase`: planned, running, over or called_off."""

    id: int
    title: str
    note: str
    components: tuple[str, ...]
    starts_at: dt.datetime
    over_at: dt.datetime
    phase: str

    @property
    def names(self) -> list[str]:
        return named(list(self.components))

    def covers(self, component: str) -> bool:
        return not self.components or component in self.components


@dataclass(frozen=True)
class Written:
    """All that comes from the database for the public page, as of `at`."""

    at: dt.datetime
    beats: dict[str, tuple[Beat, ...]]
    uptimes: dict[str, Decimal | None]
    open_incidents: tuple[IncidentRow, ...]
    past_incidents: tuple[IncidentRow, ...]
    maintenance: tuple[MaintenanceRow, ...]


@dataclass(frozen=True)
class Component:
    name: str
    label: str
    state: State
    beats: tuple[Beat, ...]
    uptime: Decimal | None


@dataclass(frozen=True)
class PublicStatus:
    """The public page. `written_at` is earlier than `at` while the database is away."""

    at: dt.datetime
    written_at: dt.datetime
    state: State
    components: tuple[Component, ...]
    open_incidents: tuple[IncidentRow, ...]
    past_incidents: tuple[IncidentRow, ...]
    running: tuple[MaintenanceRow, ...]
    planned: tuple[MaintenanceRow, ...]
    reports: bool

    @property
    def is_stale(self) -> bool:
        return self.written_at < self.at


def is_public() -> bool:
    return StatusPage.objects.filter(pk=1, is_public=True).exists()


def written(now: dt.datetime) -> Written | None:
    """Six queries; None, after one, when the page is off."""
    if not is_public():
        return None
    names = _shown()
    shares = uptime.shares([(name, "", now - DAYS * dt.timedelta(days=1), now) for name in names])
    found = _incidents(
        StatusIncident.objects.filter(
            Q(resolved_at__isnull=True) | Q(resolved_at__gt=now - dt.timedelta(days=PAST_DAYS))
        )
    )
    return Written(
        now,
        uptime.beats(now - DAYS * dt.timedelta(days=1), now, DAYS),
        {name: shares[name, ""].percent if (name, "") in shares else None for name in names},
        tuple(one for one in found if one.is_open),
        tuple(one for one in found if not one.is_open),
        tuple(one for one in _maintenance(now) if one.phase in ("running", "planned")),
    )


def public_status(found: Written, report: Report, now: dt.datetime) -> PublicStatus:
    """The page made of what was read and of how things are now."""
    running = tuple(one for one in found.maintenance if one.starts_at <= now < one.over_at)
    measured = {check.name: check.status for check in report.checks}
    components = tuple(
        Component(
            name,
            str(COMPONENTS[name]),
            _state(name, measured.get(name, Status.UNKNOWN), found.open_incidents, running),
            found.beats.get(name, (None,) * DAYS),
            found.uptimes.get(name),
        )
        for name in _shown()
    )
    worst = max((one.state for one in components), key=_RANK.index, default=State.UNKNOWN)
    # What is told without naming a part is told of the whole.
    told = [State(one.impact) for one in found.open_incidents if not one.components]
    # Services of others are not the product: without them it works with difficulty.
    essential = [one.state for one in components if one.name in ESSENTIAL]
    if worst is State.DOWN and State.DOWN not in essential:
        worst = State.DEGRADED
    return PublicStatus(
        now,
        found.at,
        max([worst, *told], key=_RANK.index),
        components,
        found.open_incidents,
        found.past_incidents,
        running,
        tuple(one for one in found.maintenance if one.starts_at > now),
        bool(found.open_incidents or found.past_incidents),
    )


def _shown() -> list[str]:
    asked = outside.configured()
    return [name for name in COMPONENTS if name in ESSENTIAL or name in asked]


def _state(name: str, measured: Status, incidents: Iterable[IncidentRow], running: Iterable[MaintenanceRow]) -> State:
    """The worse of what is measured and what people say; what is away on purpose is in maintenance."""
    told = [State(one.impact) for one in incidents if name in one.components]
    state = State(measured.value) if measured.value in set(State) else State.UNKNOWN
    state = max([state, *told], key=_RANK.index)
    covered = any(one.covers(name) for one in running)
    return State.MAINTENANCE if covered and state is not State.OK else state


def _incidents(rows: object) -> list[IncidentRow]:
    """Newest first. Two queries."""
    queryset = rows.prefetch_related("updates").order_by("-started_at", "-pk")[:MOST]  # type: ignore[attr-defined]
    return [_incident(one) for one in queryset]


def _incident(one: StatusIncident) -> IncidentRow:
    return IncidentRow(
        one.pk,
        one.title,
        one.impact,
        one.get_impact_display(),
        one.stage,
        one.get_stage_display(),
        tuple(one.components),
        one.started_at,
        one.resolved_at,
        tuple(UpdateRow(row.at, row.stage, row.get_stage_display(), row.body) for row in one.updates.all()),
    )


def _maintenance(now: dt.datetime) -> list[MaintenanceRow]:
    """The latest, newest first. One query."""
    rows = Maintenance.objects.annotate(over_at=Least(F("ends_at"), F("ended_at"))).order_by("-starts_at", "-pk")
    return [
        MaintenanceRow(
            one.pk,
            one.title,
            one.note,
            tuple(one.components),
            one.starts_at,
            one.over_at,
            _phase(one, one.over_at, now),
        )
        for one in rows[:MOST]
    ]


def _phase(one: Maintenance, over_at: dt.datetime, now: dt.datetime) -> str:
    if one.ended_at is not None and one.ended_at <= one.starts_at:
        return "called_off"
    if now < one.starts_at:
        return "planned"
    return "running" if now < over_at else "over"


# ---- where it is written -----------------------------------------------------------------------
@dataclass(frozen=True)
class Desk:
    """What those who write the page see."""

    is_public: bool
    may_switch: bool
    incidents: Sequence[IncidentRow]
    maintenance: Sequence[MaintenanceRow]


def desk(viewer: Viewer, now: dt.datetime) -> Desk:
    """Raises Denied. Four queries."""
    viewer.require(Area.MONITORING)
    return Desk(is_public(), viewer.is_global_admin, _incidents(StatusIncident.objects.all()), _maintenance(now))


def incident(viewer: Viewer, incident_id: int) -> IncidentRow:
    """Raises Denied, Http404. Two queries."""
    viewer.require(Area.MONITORING)
    found = _incidents(StatusIncident.objects.filter(pk=incident_id))
    if not found:
        raise Http404
    return found[0]
