"""The system log: groups of warnings and errors, their counts, and the newest entries in full.

Entries, hours and slots are partitioned by day and dropped whole after 30 days; their DDL is in the migration.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import models

from core.personal import Basis, Category, DataMap, Erasure, Personal

_LOG = DataMap(resource_type="log", agency=None, audited=False)


class LogGroup(models.Model):
    """Occurrences of one trouble (monitoring.log.fingerprints). `level` is a number of logging. `lost` counts
    occurrences that are counted and have no entry, because too much came at once."""

    class State(models.TextChoices):
        OPEN = "open"
        # It was resolved and came again.
        REGRESSED = "regressed"
        RESOLVED = "resolved"
        MUTED = "muted"

    fingerprint = models.CharField(max_length=32, unique=True)
    level = models.PositiveSmallIntegerField()
    logger = models.CharField(max_length=100)
    exception = models.CharField(max_length=200, default="", blank=True)
    place = models.CharField(max_length=200, default="", blank=True)
    title = models.CharField(max_length=200)
    search = SearchVectorField(editable=False)
    count = models.PositiveBigIntegerField()
    lost = models.PositiveBigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    request_id = models.CharField(max_length=64, default="", blank=True)
    host = models.CharField(max_length=100, default="", blank=True)
    process = models.CharField(max_length=40, default="", blank=True)

    # What people decide is told to the trail by the actions; counting is not a change.
    data_map: ClassVar[DataMap] = DataMap(resource_type="log_group", agency=None, audited=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-last_seen", "-id"], name="monitoring_loggroup_newest"),
            models.Index(fields=["-count", "-id"], name="monitoring_loggroup_most"),
            models.Index(fields=["-first_seen", "-id"], name="monitoring_loggroup_first"),
        ]


class LogEntry(models.Model):
    """One occurrence in full: of each group and UTC day the newest hundred. `slot` is its place in that ring.

    There are no foreign keys out of it: entries go with their day, whatever became of what they name.
    """

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(LogGroup, models.DO_NOTHING, db_constraint=False, related_name="entries")
    slot = models.PositiveSmallIntegerField()
    day = models.DateTimeField()
    at = models.DateTimeField()
    level = models.PositiveSmallIntegerField()
    logger = models.CharField(max_length=100)
    message = models.TextField()
    traceback = models.TextField(default="", blank=True)
    extra = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, default="", blank=True)
    task_id = models.CharField(max_length=64, default="", blank=True)
    task = models.CharField(max_length=120, default="", blank=True)
    actor = models.CharField(max_length=10, default="", blank=True)
    user_id = models.BigIntegerField(null=True)
    agency_id = models.BigIntegerField(null=True)
    method = models.CharField(max_length=8, default="", blank=True)
    route = models.CharField(max_length=200, default="", blank=True)
    host = models.CharField(max_length=100)
    process = models.CharField(max_length=40)
    pid = models.IntegerField()
    search = SearchVectorField(editable=False)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="log",
        agency=None,
        audited=False,
        personal={
            "user_id": Personal(
                Category.BEHAVIOUR,
                "finding what went wrong for whom",
                Basis.LEGITIMATE_INTEREST,
                Erasure.ANONYMISE,
                retention_days=30,
            )
        },
    )

    class Meta:
        managed = False
        db_table = "monitoring_logentry"


class LogHour(models.Model):
    """How often a group came in an hour."""

    pk = models.CompositePrimaryKey("group_id", "hour")
    group = models.ForeignKey(LogGroup, models.DO_NOTHING, db_constraint=False, related_name="+")
    hour = models.DateTimeField()
    count = models.PositiveBigIntegerField()

    data_map: ClassVar[DataMap] = _LOG

    class Meta:
        managed = False
        db_table = "monitoring_loghour"


class LogSlot(models.Model):
    """How many records of a level came in ten seconds, of all processes and hosts."""

    pk = models.CompositePrimaryKey("slot", "level")
    slot = models.DateTimeField()
    level = models.PositiveSmallIntegerField()
    count = models.PositiveBigIntegerField()

    data_map: ClassVar[DataMap] = _LOG

    class Meta:
        managed = False
        db_table = "monitoring_logslot"
