"""What was counted since the beginning: the counters that Prometheus reads."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.personal import DataMap


class Total(models.Model):
    """All requests of a route, method and status, or all runs of a task with one outcome, of every host.

    It only grows, also while minutes are rolled up and partitions dropped. `buckets` are counts between the
    bounds of its kind (`monitoring.exposition.totals`), the last of them what took longer; `total_us` is in µs.
    """

    pk = models.CompositePrimaryKey("kind", "route", "method", "status")
    kind = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    method = models.CharField(max_length=8, blank=True)
    status = models.SmallIntegerField()
    count = models.BigIntegerField()
    total_us = models.BigIntegerField()
    buckets = ArrayField(models.BigIntegerField())
    counted_at = models.DateTimeField()

    data_map: ClassVar[DataMap] = DataMap(resource_type="measurement", agency=None, audited=False)
