"""What happened beside the measurements: deployments, backups, alerts, told on the time axis of charts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.personal import DataMap


class Annotation(models.Model):
    """A moment and what happened then: `event` as a type of domain events, "" for what a pipeline wrote, and `text`
    which one. `key` makes writing it twice one row: the id of an event, a build.

    `link` is a path of this installation or an https address.
    """

    class Kind(models.TextChoices):
        DEPLOY = "deploy", _("Deployment")
        BACKUP = "backup", _("Backup")
        ALERT = "alert", _("Alert")
        NOTE = "note", _("Note")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=10, choices=Kind)
    event = models.CharField(max_length=40, blank=True, default="")
    text = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=500, blank=True, default="")
    key = models.CharField(max_length=120, blank=True, default="")
    bad = models.BooleanField(default=False)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="annotation",
        agency=None,
        audited=False,
        not_personal={
            "text": "what happened, in words of a pipeline or of this product",
            "key": "of an event",
            "event": "a type",
        },
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=~models.Q(key=""), name="monitoring_annotation_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["deploy", "backup", "alert", "note"]), name="monitoring_annotation_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"
