from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.personal import DataMap


class Delivery(models.Model):
    """One event for one handler; unique, so that neither is lost nor handled twice by intent."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        DONE = "done"
        DEAD = "dead"

    event = models.ForeignKey("core.Event", models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="", blank=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="delivery", agency=None, audited=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "handler"], name="core_delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status__in=["queued", "sending"]),
                name="core_delivery_due",
            ),
        ]


class Attempt(models.Model):
    """What came of one try of a delivery."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    succeeded = models.BooleanField()
    detail = models.TextField(default="", blank=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="delivery", agency=None, audited=False)
