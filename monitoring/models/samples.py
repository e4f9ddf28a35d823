"""Samples: one measured value each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.personal import DataMap

_MEASURED = DataMap(
    resource_type="measurement", agency=None, audited=False, not_personal={"name": "of a figure or a check"}
)


class Sample(models.Model):
    """One measured value. Units are those of the metric that has this name; a gap is the absence of rows."""

    host = models.CharField(max_length=100)
    at = models.DateTimeField()
    name = models.CharField(max_length=80)
    labels = models.JSONField(default=dict)
    value = models.FloatField()

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["name", "at"], include=["value"], name="monitoring_sample_read"),
            models.Index(fields=["at"], name="monitoring_sample_tidy"),
        ]
