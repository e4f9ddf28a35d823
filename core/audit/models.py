from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.personal import Basis, Category, DataMap, Erasure, Personal


class AuditEvent(models.Model):
    """One row of the trail. The table is partitioned by month and append-only; triggers write most rows.

    There are no foreign keys out of it: the trail outlives what it speaks of. Its DDL is in the migration.
    """

    id = models.BigAutoField(primary_key=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    agency_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=10)
    on_behalf_of = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, default="success")
    resource_type = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=80, default="")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, default="")
    request_id = models.CharField(max_length=64, default="")
    db_user = models.CharField(max_length=63)
    txid = models.DecimalField(max_digits=20, decimal_places=0)
    diff = models.JSONField(default=dict)
    reason = models.TextField(default="")
    schema_version = models.SmallIntegerField(default=1)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="audit_event",
        audited=False,
        personal={
            column: Personal(
                Category.BEHAVIOUR,
                "proving who did what",
                Basis.LEGAL_OBLIGATION,
                Erasure.KEEP,
                keep_because="a trail that can be rewritten proves nothing",
            )
            for column in ("ip", "user_agent")
        },
    )

    class Meta:
        managed = False
        db_table = "core_auditevent"
        ordering: ClassVar = ["-occurred_at", "-id"]
