"""Tasks of core."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.db import connections
from django.utils import timezone


@shared_task
def deliver_outbox() -> None:
    """Delivers what is due until nothing is left."""
    from core import outbox

    while outbox.deliver():
        pass


@shared_task
def sweep_outbox() -> str:
    """Finds what a lost wake-up or a dead worker left in the outbox."""
    from core import outbox

    found = 0
    while tried := outbox.deliver():
        found += tried
    return f"{found} delivered"


@shared_task
def prune() -> str:
    """Drops finished deliveries and jobs older than 90 days; the audit trail is never pruned."""
    from core.models import Event, Job

    before = timezone.now() - dt.timedelta(days=90)
    events, _ = (
        Event.objects.filter(occurred_at__lt=before).exclude(deliveries__status__in=["queued", "sending"]).delete()
    )
    jobs, _ = Job.objects.filter(finished_at__lt=before).delete()
    return f"{events} events, {jobs} jobs"


@shared_task
def make_partitions() -> str:
    """Makes the trail's partitions of the months to come."""
    from core.audit import partitions

    if "owner" not in connections:
        return "DATABASE_OWNER_URL is not set: new months go to the default partition"
    return ", ".join(partitions.ensure()) or "nothing to make"


@shared_task
def fail_lost_jobs() -> str:
    """Marks jobs as failed whose worker stopped reporting."""
    from core import jobs

    return f"{jobs.fail_lost()} lost"
