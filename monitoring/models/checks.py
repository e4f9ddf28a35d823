"""What the health checks found."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from core.personal import DataMap

_MEASURED = DataMap(
    resource_type="measurement", agency=None, audited=False, not_personal={"name": "of a figure or a check"}
)


class CheckResult(models.Model):
    """What one health check found once, damped: a first failure is "degraded", with one in `failures`, which
    counts the rounds in a row that failed. `reason` is a key of `monitoring.health.REASONS`, `detail` the service's
    own words. What is not configured is not checked, and has no rows."""

    at = models.DateTimeField()
    name = models.CharField(max_length=40)
    status = models.CharField(max_length=10)
    latency_ms = models.FloatField(null=True)
    detail = models.CharField(max_length=300, default="", blank=True)
    reason = models.CharField(max_length=12, default="", db_default="", blank=True)
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["name", "-at"], name="monitoring_result_newest"),
            models.Index(fields=["at"], name="monitoring_result_tidy"),
        ]


class Span(models.Model):
    """A time without a gap in which a check (or, named "", all of them together) had one status.

    Rounds of equal outcome lengthen the row, so that months of uptime are a handful of rows; what no row
    covers was not observed. `until` is ahead of the last round by as long as its result is fresh.
    """

    name = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField()

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name", "-until"], name="monitoring_span_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="monitoring_span_forward"),
        ]
