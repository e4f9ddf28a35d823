from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.db import UUIDv7
from core.personal import DataMap


class Event(models.Model):
    """A domain event, written in the transaction of the change that it tells. `type` is object.what_happened."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    type = models.CharField(max_length=80)
    agency = models.ForeignKey("core.Agency", models.SET_NULL, null=True, related_name="+")
    occurred_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=64, default="", blank=True)
    data = models.JSONField(default=dict)

    data_map: ClassVar[DataMap] = DataMap(resource_type="event", audited=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["type", "occurred_at"], name="core_event_type")]
