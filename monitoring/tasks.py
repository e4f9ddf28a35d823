"""What beat runs for monitoring."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.db import connections
from django.utils import timezone

SAMPLES_KEPT = dt.timedelta(hours=48)
RESULTS_KEPT = dt.timedelta(days=7)
SPANS_KEPT = dt.timedelta(days=730)


@shared_task(time_limit=50)
def beat_heart() -> str:
    """Calls the outside watcher's address; fails when it cannot be reached or refuses."""
    from monitoring.health.heartbeat import ping

    return ping()


@shared_task(time_limit=600)
def roll_up() -> str:
    """Rolls up the hours that are over, and those that got late samples."""
    from monitoring.store import rolling

    return f"{rolling.roll_up(timezone.now())} hours"


@shared_task(time_limit=600)
def roll_up_requests() -> str:
    """Adds the minutes of requests and tasks up to hours, days and weeks."""
    from monitoring.requests import rolling

    return f"{rolling.roll(timezone.now())} hours"


@shared_task
def keep_partitions() -> str:
    """Makes the partitions of the days to come and drops those whose time is over."""
    from monitoring import partitions

    if "owner" not in connections:
        return "DATABASE_OWNER_URL is not set: no partition is made or dropped, and measurements are kept for ever"
    now = timezone.now()
    made, dropped = partitions.ensure("owner", now), partitions.drop("owner", now)
    return f"{len(made)} made, {len(dropped)} dropped"


@shared_task
def tidy() -> str:
    """Drops samples after 48 h, single results after 7 days, spans and periods of requests after 2 years, and
    groups of the log that did not come for 30 days. Muted ones stay, or they would come back as new."""
    from monitoring.exposition import totals
    from monitoring.log.tables import KEPT as LOG_KEPT
    from monitoring.models import CheckResult, EndpointPeriod, LogGroup, Sample, Span
    from monitoring.requests import KEPT

    now = timezone.now()
    dropped = [
        Sample.objects.filter(at__lt=now - SAMPLES_KEPT).delete()[0],
        CheckResult.objects.filter(at__lt=now - RESULTS_KEPT).delete()[0],
        EndpointPeriod.objects.filter(at__lt=now - KEPT - 28 * dt.timedelta(days=1)).delete()[0],
        Span.objects.filter(until__lt=now - SPANS_KEPT).delete()[0],
        LogGroup.objects.filter(last_seen__lt=now - LOG_KEPT).exclude(state=LogGroup.State.MUTED).delete()[0],
        totals.tidy(now),
    ]
    return f"{sum(dropped)} rows"
