from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.personal import DataMap


class BeatRun(models.Model):
    """The last run of one entry of the schedule, with counts of all runs so far."""

    name = models.CharField(max_length=80, primary_key=True)
    last_started_at = models.DateTimeField(null=True)
    last_finished_at = models.DateTimeField(null=True)
    last_duration_ms = models.PositiveIntegerField(null=True)
    last_outcome = models.CharField(max_length=10, default="", blank=True)
    last_detail = models.TextField(default="", blank=True)
    last_succeeded_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_failure = models.TextField(default="", blank=True)
    runs = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="schedule", agency=None, audited=False, not_personal={"name": "of the entry"}
    )
