"""Tasks of the business."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from core import jobs


@shared_task
def import_file(job_id: str) -> None:
    """Imports an uploaded file by its map, or only checks it, with progress."""
    from business.importing import mapping
    from business.importing.entities import OF_AN_AGENCY
    from business.importing.models import ImportFile
    from business.importing.reading import FileError
    from business.importing.rejects import RejectsFile
    from business.importing.running import Counts, Import, Rejection

    with jobs.running(job_id) as (job, progress):
        file = ImportFile.objects.select_related("agency").get(pk=job.arguments["file"])
        dry_run = bool(job.arguments["dry_run"])
        language = (job.created_by and job.created_by.language) or settings.LANGUAGE_CODE
        # The rows are personal data: as the upload itself, for the service alone.
        file.rejects_path.touch(mode=0o600)
        with translation.override(language), RejectsFile(file.rejects_path) as rejects:
            entity = OF_AN_AGENCY[file.entity]
            try:
                work = Import(entity, file.agency, mapping.parse(file.toml, entity), dry_run)
                work.names = {file.path: file.file_name}

                def told(counts: Counts) -> dict[str, Any]:
                    return {
                        "created": counts.created,
                        "updated": counts.updated,
                        "unchanged": counts.unchanged,
                        "rejected": counts.rejected,
                        "warnings": work.warnings,
                        "dry_run": dry_run,
                    }

                def rejected(one: Rejection) -> None:
                    rejects.write(one, work.header)

                def progressed(share: float, counts: Counts) -> None:
                    job.result = told(counts)
                    progress.report(share * 100, _("%d rows read") % counts.read)

                work.on_reject, work.on_progress = rejected, progressed
                job.result = told(work.run([file.path]))
            except (FileError, mapping.MapError) as error:
                raise jobs.JobFailed(str(error)) from error


@shared_task
def remove_import_files() -> str:
    """Removes uploaded files after seven days."""
    from business.importing import files

    return f"{files.remove_old()} removed"
