"""Requests by route, method and status."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.personal import DataMap


class RequestMinute(models.Model):
    """Requests of one minute by route pattern, method and status, with a histogram that merges by addition.

    `buckets` are counts between the bounds of `monitoring.histogram`.
    """

    minute = models.DateTimeField()
    host = models.CharField(max_length=100)
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()
    total_ms = models.FloatField()
    max_ms = models.FloatField()
    buckets = ArrayField(models.IntegerField())

    data_map: ClassVar[DataMap] = DataMap(resource_type="measurement", agency=None, audited=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["minute", "route", "method", "status", "host"], name="monitoring_requestminute_once"
            ),
        ]
