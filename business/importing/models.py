"""Uploaded files while they are imported, and maps that were saved to be used again."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import UUIDv7
from core.personal import DataMap


class ImportFile(models.Model):
    """A file that a person uploaded, with the map that was chosen for it. The file itself is in the data folder
    for seven days and is never served; `removed_at` says that it is gone."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    agency = models.ForeignKey("core.Agency", models.CASCADE, related_name="+")
    entity = models.CharField(max_length=30)
    file_name = models.CharField(max_length=200)
    bytes = models.BigIntegerField()
    toml = models.TextField(blank=True, default="")
    job_id = models.UUIDField(null=True)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    # The upload, its run and each download are told to the trail by the code.
    data_map: ClassVar[DataMap] = DataMap(
        resource_type="file", audited=False, not_personal={"file_name": "what the file is called"}
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [models.Index(fields=["agency", "-created_at"], name="business_importfile_recent")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        return settings.MEDIA_DIR / "imports" / f"{self.pk}.csv"

    @property
    def rejects_path(self) -> Path:
        return settings.MEDIA_DIR / "imports" / f"{self.pk}.rejects.csv"


class ImportMap(models.Model):
    """A map under a name, for the next file of the same source."""

    agency = models.ForeignKey("core.Agency", models.CASCADE, related_name="+")
    entity = models.CharField(max_length=30)
    name = models.CharField(_("name of the map"), max_length=80)
    toml = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="import_map", audited=False, not_personal={"name": "the map's own name"}
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agency", "entity", "name"], name="business_importmap_once")
        ]

    def __str__(self) -> str:
        return self.name
