"""What people decide about a group of the log. Each is one transaction, one audit event, one domain event."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from core.audit import record
from core.events import emit
from core.people.access import Area, Viewer
from monitoring.models import LogGroup

State = LogGroup.State
# What each act makes of a group, and the event that tells it.
ACTS: Final = {
    "resolve": (State.RESOLVED, "log.group_resolved"),
    "mute": (State.MUTED, "log.group_muted"),
    "reopen": (State.OPEN, "log.group_reopened"),
}


def resolve(viewer: Viewer, pk: int) -> LogGroup:
    """It is dealt with: when it comes again it is regressed. Raises Denied, Http404."""
    return _set(viewer, pk, "resolve")


def mute(viewer: Viewer, pk: int) -> LogGroup:
    """It is known and not worth a look: it goes on being counted. Raises Denied, Http404."""
    return _set(viewer, pk, "mute")


def reopen(viewer: Viewer, pk: int) -> LogGroup:
    """It waits for somebody again. Raises Denied, Http404."""
    return _set(viewer, pk, "reopen")


def _set(viewer: Viewer, pk: int, act: str) -> LogGroup:
    """Nothing happens when it is so already: a double click is one decision."""
    viewer.require(Area.MONITORING)
    state, event = ACTS[act]
    with transaction.atomic():
        group = LogGroup.objects.select_for_update().defer("search").filter(pk=pk).first()
        if group is None:
            raise Http404
        before = group.state
        if before == state:
            return group
        group.state, group.changed_at, group.changed_by_id = state, timezone.now(), viewer.user_id
        group.save(update_fields=["state", "changed_at", "changed_by"])
        diff = {"state": {"old": before, "new": str(state)}}
        record("config_change", resource_type="log_group", resource_id=pk, diff=diff)
        emit(event, data={"id": pk, "state": str(state), "before": before})
    return group
