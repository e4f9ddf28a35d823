from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.db import UUIDv7
from core.personal import DataMap


class Job(models.Model):
    """Work that takes over a second: it shows progress, may be left, and says what came of it."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    kind = models.CharField(max_length=60)
    area = models.CharField(max_length=30)
    agency = models.ForeignKey("core.Agency", models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    progress = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    detail = models.TextField(default="", blank=True)
    arguments = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="job", audited=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [models.Index(fields=["kind", "-created_at"], name="core_job_kind")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(progress__gte=0, progress__lte=100), name="core_job_progress"),
        ]
