"""Pages of the import: upload, choose the columns, check, import, see what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from business.importing import files, mapping, suggesting
from business.importing.entities import OF_AN_AGENCY
from business.importing.forms import MapForm, UploadForm, initial_of
from business.importing.mapping import ImportMap, MapError
from business.importing.models import ImportFile
from business.importing.reading import FileError
from business.queries.common import writable
from business.views.common import tabs
from core import jobs
from core.api.auth import viewer_of_request
from core.formats import size
from core.jobs import JobRow
from core.jobs.views import job_view
from core.pages import page
from core.pages.parts import Link, Tile
from core.people.access import Area


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """/business/import: takes a file, and lists the recent ones."""
    viewer = viewer_of_request(request)
    viewer.require(Area.BUSINESS_WRITE)
    places = writable(viewer)
    choices = [(place.id, place.name) for place in places]
    asked = next((str(place.id) for place in places if place.slug == request.GET.get("agency")), None)
    initial = {"agency": asked, "entity": request.GET.get("entity")}
    form = UploadForm(choices, request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST":
        if getattr(request, "upload_refused", False):
            limit = size(settings.IMPORT_MAX_BYTES)
            form.add_error("file", _("The file is larger than %(limit)s: split it.") % {"limit": limit})
        elif form.is_valid():
            data = form.cleaned_data
            entity = OF_AN_AGENCY[data["entity"]]
            file = files.receive(viewer, int(data["agency"]), entity, data["file"])
            return redirect("business-import-map", file_id=file.pk)
    context = {
        "form": form,
        "recent": files.recent(viewer),
        "tabs": tabs(request, "business-import", request.GET.get("agency")),
        "limit": size(settings.IMPORT_MAX_BYTES),
    }
    status = 422 if form.is_bound and form.errors else 200
    return page(request, "business/import/upload.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """/business/import/<id>: which column becomes which field; starts the check or the import."""
    viewer = viewer_of_request(request)
    file = files.find(viewer, file_id)
    entity = OF_AN_AGENCY[file.entity]
    saved = files.maps(viewer, file)
    try:
        preview = files.preview(file)
    except FileError as error:
        return page(request, "business/import/unreadable.html", {"file": file, "problem": str(error)}, status=422)
    problems: tuple[str, ...] = ()
    if request.method == "POST":
        form = MapForm(entity, preview.header, request.POST)
        if form.is_valid():
            toml = form.toml()
            try:
                if request.POST.get("step") == "save":
                    return _saved(request, file, form, toml)
                files.start(viewer, file, toml, dry_run=request.POST.get("step") != "import")
                return redirect("business-import-result", file_id=file.pk)
            except MapError as error:
                problems = error.problems
    else:
        chosen = next((one.toml for one in saved if str(one.pk) == request.GET.get("map")), file.toml)
        form = MapForm(entity, preview.header, initial=initial_of(_map(chosen, file, preview)))
    context = {
        "file": file,
        "entity": entity,
        "form": form,
        "preview": preview,
        "saved": saved,
        "problems": problems,
        "crumbs": _crumbs(),
    }
    status = 422 if problems or (form.is_bound and form.errors) else 200
    return page(request, "business/import/map.html", context, status=status)


def _map(toml: str, file: ImportFile, preview: files.Preview) -> ImportMap:
    """The map to begin with: the one that was chosen before, or what can be guessed."""
    entity = OF_AN_AGENCY[file.entity]
    if toml:
        try:
            return mapping.parse(toml, entity)
        except MapError:
            pass
    return suggesting.suggest(entity, preview.header, preview.sample)


def _saved(request: HttpRequest, file: ImportFile, form: MapForm, toml: str) -> HttpResponse:
    name = form.cleaned_data["save_as"].strip()
    if not name:
        raise MapError([_("Give the map a name to keep it.")])
    files.save_map(viewer_of_request(request), file, name, toml)
    messages.success(request, _("The map is kept as “%(name)s”.") % {"name": name})
    found = next(one.pk for one in files.maps(viewer_of_request(request), file) if one.name == name)
    return redirect(reverse("business-import-map", args=[file.pk]) + f"?map={found}")


@require_safe
def result(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """/business/import/<id>/result: progress, then what came of it."""
    viewer = viewer_of_request(request)
    file = files.find(viewer, file_id)
    row = jobs.find(viewer, file.job_id) if file.job_id else None
    if row is None:
        return redirect("business-import-map", file_id=file.pk)
    shown = job_view(row)
    context = {
        "file": file,
        "row": row,
        "job": shown,
        "counts": row.result,
        "refused": files.refused(file) if row.finished else [],
        "has_rejects": row.finished and file.rejects_path.exists() and bool(row.result and row.result["rejected"]),
        "tiles": _tiles(row.result) if row.result else [],
        "may_import": _may_import(file, row),
        "list_url": _list_url(file, row),
        "entity": OF_AN_AGENCY[file.entity],
        "crumbs": _crumbs(),
    }
    return page(request, "business/import/result.html", context, "import-result")


def _tiles(counts: dict[str, Any]) -> list[Tile]:
    found = [
        Tile(_("Rows created"), counts["created"]),
        Tile(_("Rows updated"), counts["updated"]),
        Tile(_("Rows unchanged"), counts["unchanged"]),
        Tile(_("Rows rejected"), counts["rejected"]),
    ]
    if counts["warnings"]:
        found.append(Tile(_("Times moved by a change of clocks"), counts["warnings"]))
    return found


def _may_import(file: ImportFile, row: JobRow) -> bool:
    """After a check that found something to write."""
    counts = row.result
    checked = row.status == "done" and counts is not None and counts["dry_run"]
    return bool(checked and counts and counts["created"] + counts["updated"] and file.removed_at is None)


def _list_url(file: ImportFile, row: JobRow) -> str:
    """Where the imported rows are seen; nowhere after a check."""
    if file.entity not in _LISTS or not row.result or row.result["dry_run"]:
        return ""
    return reverse(file.entity) + f"?agency={file.agency.slug}"


_LISTS = ("clients", "projects", "contracts", "payments", "leads", "satisfaction")


@require_POST
def run(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """POST /business/import/<id>/run: imports by the map that was checked."""
    viewer = viewer_of_request(request)
    file = files.find(viewer, file_id)
    try:
        files.preview(file, 1)
        files.start(viewer, file, file.toml, dry_run=False)
    except (FileError, MapError) as error:
        messages.error(request, str(error))
        return redirect("business-import-map", file_id=file.pk)
    return redirect("business-import-result", file_id=file.pk)


@require_safe
def rejects(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """/business/import/<id>/rejects.csv: the rejected rows, to be mended."""
    file = files.find(viewer_of_request(request), file_id)
    if not file.rejects_path.exists():
        raise Http404
    files.note_download(file, "rejected rows")
    name = f"{slugify(file.file_name.rpartition('.')[0]) or 'import'}-rejects.csv"
    return FileResponse(file.rejects_path.open("rb"), as_attachment=True, filename=name, content_type="text/csv")


@require_safe
def toml(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """/business/import/<id>/map.toml: the map, as the command takes it."""
    file = files.find(viewer_of_request(request), file_id)
    if not file.toml:
        raise Http404
    response = HttpResponse(file.toml, content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{file.entity}.toml") or "attachment"
    return response


def _crumbs() -> list[Link]:
    return [Link(_("Business"), reverse("business")), Link(_("Import"), reverse("business-import"))]
