"""All models of core, each defined in its own package."""

from core.agencies.models import Agency
from core.audit.models import AuditEvent
from core.events.models import Event
from core.jobs.models import Job
from core.outbox.models import Attempt, Delivery
from core.people.models import ApiToken, RoleGrant, User, UserActivity
from core.schedule.models import BeatRun

__all__ = [
    "Agency",
    "ApiToken",
    "Attempt",
    "AuditEvent",
    "BeatRun",
    "Delivery",
    "Event",
    "Job",
    "RoleGrant",
    "User",
    "UserActivity",
]
