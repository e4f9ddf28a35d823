"""Requests and tasks by endpoint: counts, durations and statuses, in minutes, hours and longer periods."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.personal import DataMap

_MEASURED = DataMap(resource_type="measurement", agency=None, audited=False)


class Endpoint(models.Model):
    """What is counted: a route pattern and method of requests, or the name of a task.

    The one row of kind "all" stands for all requests that people wait for (`monitoring.requests.NOT_COUNTED`).
    """

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=[("request", "request"), ("task", "task"), ("all", "all")])
    method = models.CharField(max_length=8, blank=True)
    route = models.CharField(max_length=200, blank=True)

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "method", "route"], name="monitoring_endpoint_once"),
        ]


class EndpointMinute(models.Model):
    """One minute of an endpoint on a host by status. `slots` and `counts` are its histogram
    (`monitoring.requests.histogram`), sparse and ascending. Durations are whole µs, so that sums are exact."""

    pk = models.CompositePrimaryKey("endpoint_id", "minute", "status", "host")
    endpoint_id = models.IntegerField()
    minute = models.DateTimeField()
    status = models.SmallIntegerField()
    host = models.CharField(max_length=100)
    count = models.IntegerField()
    total_us = models.BigIntegerField()
    max_us = models.BigIntegerField()
    slots = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.IntegerField())

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        managed = False
        db_table = "monitoring_endpointminute"


class _Rolled(models.Model):
    """All hosts and statuses of an endpoint from `at` on. `errors` are statuses of 500 and above, `refused`
    those from 400 to 499; `by_status` counts each of `statuses`."""

    endpoint_id = models.IntegerField()
    at = models.DateTimeField()
    count = models.BigIntegerField()
    total_us = models.BigIntegerField()
    max_us = models.BigIntegerField()
    errors = models.BigIntegerField()
    refused = models.BigIntegerField()
    statuses = ArrayField(models.SmallIntegerField())
    by_status = ArrayField(models.BigIntegerField())
    slots = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.BigIntegerField())

    class Meta:
        abstract = True


class EndpointHour(_Rolled):
    """One hour of an endpoint."""

    pk = models.CompositePrimaryKey("endpoint_id", "at")

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        managed = False
        db_table = "monitoring_endpointhour"


class EndpointPeriod(_Rolled):
    """1, 7 or 28 days of an endpoint; weeks begin on Monday, all at midnight UTC, and lie in each other."""

    pk = models.CompositePrimaryKey("days", "endpoint_id", "at")
    days = models.SmallIntegerField()

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        managed = False
        db_table = "monitoring_endpointperiod"


class EndpointMark(models.Model):
    """An hour into which something was written since it was rolled up. Each write adds one row, in its own
    transaction; the roll-up takes the rows away before it reads the hour, so that it never misses one."""

    hour = models.DateTimeField()

    data_map: ClassVar[DataMap] = _MEASURED


class EndpointRoll(models.Model):
    """Up to when everything is rolled up; the only row."""

    id = models.SmallIntegerField(primary_key=True)
    until = models.DateTimeField()

    data_map: ClassVar[DataMap] = _MEASURED

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="monitoring_endpointroll_one"),
        ]
