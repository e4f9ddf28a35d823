"""Uploaded files: kept in the data folder while they are imported, seen by admins of their agency alone."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Sequence
from csv import DictReader
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from business.importing import mapping
from business.importing.entities import OF_AN_AGENCY, Entity
from business.importing.models import ImportFile, ImportMap
from business.importing.reading import FileError, Table
from business.importing.suggesting import SAMPLE
from core import audit, jobs
from core.jobs import JobRow
from core.people.access import Area, Viewer

KEPT = dt.timedelta(days=7)
SHOWN_ERRORS = 50
KIND = "import"


@dataclass(frozen=True)
class Preview:
    """A file's header and first rows. `encoding` and `delimiter` as they were found out."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sample: tuple[tuple[str, ...], ...]
    encoding: str
    delimiter: str


@dataclass(frozen=True)
class Recent:
    """An upload in the list of recent ones."""

    file: ImportFile
    entity: str
    agency: str
    job: JobRow | None


@dataclass(frozen=True)
class Refused:
    """A rejected row, as the file of rejects tells it."""

    line: int
    field: str
    reason: str


def find(viewer: Viewer, file_id: uuid.UUID) -> ImportFile:
    """The upload; Http404 when there is none or it is of an agency that the viewer does not write."""
    scope = viewer.require(Area.BUSINESS_WRITE)
    found = ImportFile.objects.select_related("agency").filter(scope.q("agency_id"), pk=file_id).first()
    if found is None:
        raise Http404
    return found


def recent(viewer: Viewer, limit: int = 20) -> list[Recent]:
    """The newest uploads that the viewer may see, with the last run of each."""
    scope = viewer.require(Area.BUSINESS_WRITE)
    found = list(ImportFile.objects.select_related("agency").filter(scope.q("agency_id"))[: min(limit, 100)])
    ids = [file.job_id for file in found if file.job_id]
    rows = {job.id: job for job in jobs.recent(viewer, KIND, 200) if job.id in ids}
    return [
        Recent(
            file, str(OF_AN_AGENCY[file.entity].label), file.agency.name, rows.get(file.job_id) if file.job_id else None
        )
        for file in found
    ]


def maps(viewer: Viewer, file: ImportFile) -> list[ImportMap]:
    """The maps that were saved for files like this one."""
    viewer.require(Area.BUSINESS_WRITE, file.agency_id)
    return list(ImportMap.objects.filter(agency_id=file.agency_id, entity=file.entity)[:100])


def preview(file: ImportFile, rows: int = 8) -> Preview:
    """Raises FileError when the file cannot be read as a table, or is gone."""
    if file.removed_at or not file.path.exists():
        raise FileError(_("The file is gone: uploads are kept for seven days. Upload it again."))
    with Table(file.path, name=file.file_name) as table:
        sample = tuple(tuple(record.cells) for record in islice(table, SAMPLE) if not record.error)
        return Preview(tuple(table.header), sample[:rows], sample, table.looks.encoding, table.delimiter)


def refused(file: ImportFile) -> list[Refused]:
    """The first rejected rows of the last run."""
    if not file.rejects_path.exists():
        return []
    with file.rejects_path.open(newline="", encoding="utf-8") as rows:
        return [
            Refused(int(row["line"]), row["field"], row["reason"]) for row in islice(DictReader(rows), SHOWN_ERRORS)
        ]


# ---- what is done ----------------------------------------------------------------------------------
def receive(viewer: Viewer, agency_id: int, entity: Entity, upload: File[bytes]) -> ImportFile:
    """Keeps an upload in the data folder, readable by the service alone."""
    viewer.require(Area.BUSINESS_WRITE, agency_id)
    with transaction.atomic():
        file = ImportFile.objects.create(
            agency_id=agency_id,
            entity=entity.name,
            file_name=Path(upload.name or "").name[:200] or "file.csv",
            bytes=upload.size or 0,
            created_by_id=viewer.user_id,
        )
        file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            for chunk in upload.chunks():
                target.write(chunk)
        audit.record(
            "file_access",
            resource_type="file",
            resource_id=str(file.pk),
            agency_id=agency_id,
            diff={"upload": {"entity": entity.name, "bytes": file.bytes}},
        )
    return file


def start(viewer: Viewer, file: ImportFile, toml: str, *, dry_run: bool) -> uuid.UUID:
    """Queues a run of the file by the map; returns the job's id. Raises MapError."""
    from business.tasks import import_file

    viewer.require(Area.BUSINESS_WRITE, file.agency_id)
    mapping.parse(toml, OF_AN_AGENCY[file.entity])
    with transaction.atomic():
        locked = ImportFile.objects.select_for_update().get(pk=file.pk)
        running = jobs.find(viewer, locked.job_id) if locked.job_id else None
        if running is not None and not running.finished:
            return running.id
        job_id = jobs.start(
            KIND,
            import_file,
            viewer=viewer,
            area=Area.BUSINESS_WRITE,
            agency_id=file.agency_id,
            arguments={"file": str(file.pk), "dry_run": dry_run},
        )
        ImportFile.objects.filter(pk=file.pk).update(toml=toml, job_id=job_id)
    return job_id


def save_map(viewer: Viewer, file: ImportFile, name: str, toml: str) -> None:
    """Saves the map under the name, in place of one that has it. Raises MapError."""
    viewer.require(Area.BUSINESS_WRITE, file.agency_id)
    mapping.parse(toml, OF_AN_AGENCY[file.entity])
    ImportMap.objects.update_or_create(
        agency_id=file.agency_id,
        entity=file.entity,
        name=name,
        defaults={"toml": toml, "updated_at": timezone.now()},
    )


def note_download(file: ImportFile, what: str) -> None:
    """Tells the trail who took the file's rows away."""
    audit.record(
        "file_access", resource_type="file", resource_id=str(file.pk), agency_id=file.agency_id, diff={"read": what}
    )


def remove(file: ImportFile) -> None:
    for path in (file.path, file.rejects_path):
        path.unlink(missing_ok=True)
    ImportFile.objects.filter(pk=file.pk, removed_at=None).update(removed_at=timezone.now())


def remove_old(now: dt.datetime | None = None) -> int:
    """Removes uploads older than seven days, and files that no upload knows; returns how many."""
    before = (now or timezone.now()) - KEPT
    old: Sequence[ImportFile] = list(ImportFile.objects.filter(removed_at=None, created_at__lt=before)[:1000])
    for file in old:
        remove(file)
    # An agency that was removed took its uploads' rows along.
    stray = 0
    folder = settings.MEDIA_DIR / "imports"
    for path in folder.glob("*.csv") if folder.exists() else ():
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            stray += 1
    return len(old) + stray
