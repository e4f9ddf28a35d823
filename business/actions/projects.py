from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from business import rules
from business.actions import common
from business.models import Project, ProjectStatusChange
from core.audit.context import current
from core.people.access import Viewer

Status = Project.Status
# What may follow what: finished work is reopened before it becomes something else.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    Status.DRAFT: (Status.ACTIVE, Status.CANCELLED),
    Status.ACTIVE: (Status.PAUSED, Status.COMPLETED, Status.CANCELLED),
    Status.PAUSED: (Status.ACTIVE, Status.COMPLETED, Status.CANCELLED),
    Status.COMPLETED: (Status.ACTIVE,),
    Status.CANCELLED: (Status.ACTIVE,),
}
_DATES = {Status.COMPLETED: "completed_at", Status.CANCELLED: "cancelled_at"}


@transaction.atomic
def create(viewer: Viewer, agency: str | None, values: common.Values) -> Project:
    """A new project with the first row of its history. A date of completion not given stays unknown."""
    row = common.create(viewer, Project, agency, values)
    date = _DATES.get(Status(row.status))
    changed_at = (getattr(row, date) if date else None) or row.created_at
    _note(row, "", changed_at, "")
    return row


@transaction.atomic
def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Project:
    """Changes a project; a changed `status` is a transition, as `change_status`."""
    row = common.locked(viewer, Project, pk)
    kept = common.cleaned(changes, row.agency_id)
    common.unchanged_since(row, version, kept)
    status = kept.pop("status", row.status)
    if status == row.status:
        common.apply(row, kept, "updated")
        return row
    at = kept.get(_DATES.get(Status(status), ""), None) if status in Status.values else None
    others = {name: value for name, value in kept.items() if name not in _DATES.values()}
    if others:
        common.apply(row, others, "updated")
    _change(row, status, at or timezone.now(), "")
    return row


@transaction.atomic
def change_status(
    viewer: Viewer,
    pk: int,
    status: str,
    *,
    at: dt.datetime | None = None,
    note: str = "",
    version: str | None = None,
) -> Project:
    """Moves a project to another status, `at` a time (default now); raises ValidationError when that may not
    follow. Completing and cancelling set their dates, reopening clears them."""
    row = common.locked(viewer, Project, pk)
    common.unchanged_since(row, version, {"status": status})
    if status != row.status:
        _change(row, status, rules.moment(at) if at else timezone.now(), rules.text(note, 300))
    return row


def _change(row: Project, status: str, at: dt.datetime, note: str) -> None:
    was = row.status
    if status not in TRANSITIONS[Status(was)]:
        raise ValidationError(
            {
                "status": _("From “%(from)s” a project goes to: %(to)s.")
                % {
                    "from": Status(was).label,
                    "to": ", ".join(str(Status(next_).label) for next_ in TRANSITIONS[Status(was)]),
                }
            }
        )
    if at < row.created_at:
        raise ValidationError({_DATES.get(Status(status), "status"): _("This is earlier than the project's creation.")})
    values: dict[str, Any] = {"status": status, "completed_at": None, "cancelled_at": None}
    if date := _DATES.get(Status(status)):
        values[date] = at
    common.apply(row, values, "status_changed", **{"from": was, "to": status})
    if status == Status.COMPLETED:
        common.tell(row, "completed")
    _note(row, was, at, note)


def _note(row: Project, was: str, at: dt.datetime, note: str) -> None:
    ProjectStatusChange.objects.create(
        agency_id=row.agency_id,
        project=row,
        from_status=was,
        to_status=row.status,
        changed_at=at,
        changed_by_id=current().id,
        note=note,
    )
