"""Measured values in three tiers: raw rounds, minutes of an hour, hours of a day (`monitoring.store`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.personal import DataMap

_MEASURED = DataMap(
    resource_type="measurement", agency=None, audited=False, not_personal={"name": "of a figure or a check"}
)

_STORED = DataMap(resource_type="measurement", agency=None, audited=False)


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


class Series(models.Model):
    """What is measured where: a metric on a host ("" for what belongs to none) with labels.

    `custom` series are pushed by somebody; one of those is fresh for `fresh_s` seconds after each sample.
    `last_hour` is the newest hour that was rolled up.
    """

    id = models.AutoField(primary_key=True)
    metric = models.CharField(max_length=80)
    host = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    custom = models.BooleanField(default=False)
    fresh_s = models.PositiveIntegerField(default=30)
    created_at = models.DateTimeField(auto_now_add=True)
    last_hour = models.DateTimeField(null=True)

    data_map: ClassVar[DataMap] = _STORED

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["metric", "host", "labels"], name="monitoring_series_once"),
        ]


class Raw(models.Model):
    """A round of samples taken at one time: packed ids of series, and as many packed values.

    Partitioned by day of `at`. A round with a key in `once` is kept once.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    series = models.BinaryField()
    readings = models.BinaryField()
    pushed = models.BooleanField(default=False)
    once = models.CharField(max_length=120, default="", blank=True)

    data_map: ClassVar[DataMap] = _STORED

    class Meta:
        managed = False
        db_table = "monitoring_raw"


class Block(models.Model):
    """Stretches of one length of one series, one after the other: packed count, sum, min, max and last of each."""

    pk = models.CompositePrimaryKey("series_id", "at")
    series_id = models.IntegerField()
    at = models.DateTimeField()
    counts = models.BinaryField()
    sums = models.BinaryField()
    mins = models.BinaryField()
    maxs = models.BinaryField()
    lasts = models.BinaryField()

    class Meta:
        abstract = True


class MinuteBlock(Block):
    """The 60 minutes of the hour that begins at `at`. Partitioned by day."""

    data_map: ClassVar[DataMap] = _STORED

    class Meta:
        managed = False
        db_table = "monitoring_minuteblock"


class HourBlock(Block):
    """The 24 hours of a day of UTC. Partitioned by month."""

    data_map: ClassVar[DataMap] = _STORED

    class Meta:
        managed = False
        db_table = "monitoring_hourblock"


class DayBlock(Block):
    """31 days from the first of a month of UTC on. Partitioned by month."""

    data_map: ClassVar[DataMap] = _STORED

    class Meta:
        managed = False
        db_table = "monitoring_dayblock"


class RollUp(models.Model):
    """How far the roll-up is: one row. A sample from before `closed_until` comes late and has its hour
    rolled anew; what is before `rolled_until` is read from the tiers, the rest from raw samples."""

    closed_until = models.DateTimeField()
    rolled_until = models.DateTimeField()

    data_map: ClassVar[DataMap] = _STORED


class LateHour(models.Model):
    """An hour that got a sample after it was closed."""

    hour = models.DateTimeField(primary_key=True)

    data_map: ClassVar[DataMap] = _STORED
