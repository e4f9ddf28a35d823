from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from business.actions import common
from business.models import Client
from core.people.access import Viewer


def create(viewer: Viewer, agency: str | None, values: common.Values) -> Client:
    """A new client; `status` archived needs no date, it is now."""
    return common.create(viewer, Client, agency, _dated(values))


def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Client:
    """Changes a client. A change of `status` archives it or brings it back."""
    with transaction.atomic():
        if "status" not in changes and "archived_at" not in changes:
            return common.edit(viewer, Client, pk, changes, version)
        row = common.locked(viewer, Client, pk)
        kept = common.cleaned(_dated(changes, row), row.agency_id)
        common.unchanged_since(row, version, {name: kept[name] for name in changes})
        was = row.status
        if kept.get("status", was) == was:
            common.apply(row, kept, "updated")
        else:
            common.apply(row, kept, "archived" if kept["status"] == Client.Status.ARCHIVED else "unarchived")
        return row


def _dated(values: common.Values, row: Client | None = None) -> dict[str, Any]:
    """The date of archiving follows the status."""
    given = dict(values)
    status = given.get("status", row.status if row else Client.Status.ACTIVE)
    if status == Client.Status.ARCHIVED:
        if given.get("archived_at") is None:
            given["archived_at"] = (row.archived_at if row else None) or timezone.now()
    elif "archived_at" not in values:
        given["archived_at"] = None
    return given


@transaction.atomic
def archive(viewer: Viewer, pk: int) -> Client:
    """Takes a client out of lists and suggestions; everything of it stays. Idempotent."""
    row = common.locked(viewer, Client, pk)
    if row.status == Client.Status.ACTIVE:
        common.apply(row, {"status": Client.Status.ARCHIVED, "archived_at": timezone.now()}, "archived")
    return row


@transaction.atomic
def unarchive(viewer: Viewer, pk: int) -> Client:
    """The reverse of `archive`. Idempotent."""
    row = common.locked(viewer, Client, pk)
    common.apply(row, {"status": Client.Status.ACTIVE, "archived_at": None}, "unarchived")
    return row


def of_lead(agency_id: int, name: str) -> Client:
    """A client made of a won lead, inside the caller's transaction."""
    if not name:
        raise ValidationError({"client": _("The lead has no name: name the client.")})
    row = Client(agency_id=agency_id, name=name)
    common.check(row)
    common.save(row)
    common.tell(row, "created")
    return row
