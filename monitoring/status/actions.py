"""The only writer of the status page: its switch, incidents with their updates, maintenance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from core.events import emit
from core.people.access import Area, Denied, Viewer
from monitoring.models import Maintenance, StatusIncident, StatusPage, StatusUpdate
from monitoring.status.components import COMPONENTS

GRACE = dt.timedelta(minutes=5)
"""A form that was open for a while may say a start that has just passed."""
LONGEST = dt.timedelta(days=7)


def switch(viewer: Viewer, *, public: bool) -> None:
    """Shows or hides /status; for admins of the group."""
    viewer.require(Area.MONITORING)
    if not viewer.is_global_admin:
        raise Denied(Area.MONITORING)
    with transaction.atomic():
        found, made = StatusPage.objects.select_for_update().get_or_create(pk=1, defaults={"is_public": public})
        if not made and found.is_public == public:
            return
        if not made:
            found.is_public = public
            found.save()
        emit("status_page.published" if public else "status_page.hidden", data={})


def open_incident(
    viewer: Viewer, *, title: str, impact: str, components: Collection[str], stage: str, body: str
) -> StatusIncident:
    """Tells of an incident with its first update. Raises ValidationError."""
    viewer.require(Area.MONITORING)
    now = timezone.now()
    with transaction.atomic():
        incident = StatusIncident(
            title=title.strip(),
            impact=impact,
            components=_known(components),
            stage=stage,
            started_at=now,
            resolved_at=now if stage == StatusIncident.Stage.RESOLVED else None,
        )
        incident.full_clean()
        incident.save()
        _say(incident, stage, body, now)
        emit("status_incident.opened", data={"id": incident.pk})
    return incident


def update_incident(viewer: Viewer, incident_id: int, *, stage: str, body: str) -> StatusIncident:
    """Says more of an incident; a stage before "resolved" opens it again. Raises Http404, ValidationError."""
    viewer.require(Area.MONITORING)
    now = timezone.now()
    with transaction.atomic():
        incident = StatusIncident.objects.select_for_update().filter(pk=incident_id).first()
        if incident is None:
            raise Http404
        resolved = stage == StatusIncident.Stage.RESOLVED
        incident.stage = stage
        incident.resolved_at = (incident.resolved_at or now) if resolved else None
        incident.full_clean()
        incident.save()
        _say(incident, stage, body, now)
        emit(f"status_incident.{'resolved' if resolved else 'updated'}", data={"id": incident.pk})
    return incident


def _say(incident: StatusIncident, stage: str, body: str, at: dt.datetime) -> None:
    update = StatusUpdate(incident=incident, stage=stage, body=body.strip(), at=at)
    update.full_clean()
    update.save()


def declare_maintenance(
    viewer: Viewer,
    *,
    title: str,
    note: str,
    components: Collection[str],
    starts_at: dt.datetime,
    ends_at: dt.datetime,
) -> Maintenance:
    """Announces a maintenance. It may begin now or later, never earlier: an outage is not declared away
    afterwards. Raises ValidationError."""
    viewer.require(Area.MONITORING)
    now = timezone.now()
    if starts_at < now - GRACE:
        raise ValidationError({"starts_at": _("A maintenance cannot begin in the past.")})
    starts_at = max(starts_at, now)
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end must lie after the start.")})
    if ends_at - starts_at > LONGEST:
        raise ValidationError({"ends_at": _("A maintenance lasts seven days at most.")})
    with transaction.atomic():
        found = Maintenance(
            title=title.strip(),
            note=note.strip(),
            components=_known(components),
            starts_at=starts_at,
            ends_at=ends_at,
        )
        found.full_clean()
        found.save()
        emit("maintenance.declared", data={"id": found.pk})
    return found


def end_maintenance(viewer: Viewer, maintenance_id: int) -> Maintenance:
    """Ends it now, or calls it off when it has not begun; one that is over stays as it is. Raises Http404."""
    viewer.require(Area.MONITORING)
    now = timezone.now()
    with transaction.atomic():
        found = Maintenance.objects.select_for_update().filter(pk=maintenance_id).first()
        if found is None:
            raise Http404
        if found.ended_at is None and found.ends_at > now:
            found.ended_at = now
            found.save()
            emit("maintenance.ended", data={"id": found.pk})
    return found


def _known(components: Collection[str]) -> list[str]:
    unknown = sorted(set(components) - set(COMPONENTS))
    if unknown:
        raise ValidationError({"components": _("There is no such component.")})
    return [name for name in COMPONENTS if name in components]
