"""What people write for the status page: whether it is public, maintenance, incidents with their updates."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.personal import DataMap


class StatusPage(models.Model):
    """The one row that says whether /status answers. Without it the page is off."""

    is_public = models.BooleanField(default=False)

    data_map: ClassVar[DataMap] = DataMap(resource_type="status_page", agency=None, action="config")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="monitoring_statuspage_one")]


class Maintenance(models.Model):
    """A time in which something may be away on purpose. `components` are names of checks; none means everything.

    It cannot begin in the past: nobody declares an outage away afterwards. `ended_at` ends it early, or calls it
    off when it had not begun.
    """

    title = models.CharField(max_length=120)
    note = models.TextField(max_length=2000, default="", blank=True)
    components = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="maintenance", agency=None)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-ends_at"], name="monitoring_maint_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="monitoring_maint_forward"),
        ]


class StatusIncident(models.Model):
    """An incident told to people who use the product; what it says changes by updates."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", _("Investigating")
        IDENTIFIED = "identified", _("Identified")
        MONITORING = "monitoring", _("Monitoring the fix")
        RESOLVED = "resolved", pgettext_lazy("stage of an incident", "Resolved")

    class Impact(models.TextChoices):
        DEGRADED = "degraded", _("Works with difficulty")
        DOWN = "down", _("Does not work")

    title = models.CharField(max_length=120)
    impact = models.CharField(max_length=10, choices=Impact)
    components = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    stage = models.CharField(max_length=15, choices=Stage, default=Stage.INVESTIGATING)
    started_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="status_incident", agency=None)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="monitoring_incident_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(stage="resolved", resolved_at__isnull=False)
                | (~Q(stage="resolved") & Q(resolved_at__isnull=True)),
                name="monitoring_incident_resolved",
            ),
        ]


class StatusUpdate(models.Model):
    """What was said of an incident, and the stage it was in from then on."""

    incident = models.ForeignKey(StatusIncident, models.CASCADE, related_name="updates")
    at = models.DateTimeField(default=timezone.now)
    stage = models.CharField(max_length=15, choices=StatusIncident.Stage)
    body = models.TextField(max_length=4000)

    data_map: ClassVar[DataMap] = DataMap(resource_type="status_incident", agency=None)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
