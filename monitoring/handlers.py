"""What monitoring does when something happened: notes it on the time axis of the charts."""

from __future__ import annotations

from core.events import EventData, subscribe
from monitoring.page.actions import annotate


@subscribe("backup.completed", "backup.failed")
def note_backup(event: EventData) -> None:
    """A backup that ended; the event's id makes it one note however often it is delivered."""
    link = f"/backup/{event.data['id']}" if event.data.get("id") else ""
    annotate(
        "backup",
        str(event.data.get("kind", "")),
        event=event.type,
        at=event.occurred_at,
        link=link,
        key=str(event.id),
        bad=event.type == "backup.failed",
    )


@subscribe("alert.firing", "alert.resolved")
def note_alert(event: EventData) -> None:
    """An alert that fires or is over, by the name of its rule."""
    rule = event.data.get("rule")
    name = rule.get("name", "") if isinstance(rule, dict) else event.data.get("name", "")
    annotate(
        "alert",
        str(name),
        event=event.type,
        at=event.occurred_at,
        link=f"/alerts?alert={event.data['id']}" if event.data.get("id") else "",
        key=str(event.id),
        bad=event.type == "alert.firing" and event.data.get("severity") == "critical",
    )
