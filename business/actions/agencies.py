from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from business import rules
from business.actions import common
from business.models import Contract, Payment, Project
from core.agencies.models import Agency
from core.events import emit
from core.people.access import Area, Denied, Viewer


@transaction.atomic
def create(viewer: Viewer, values: common.Values) -> Agency:
    """A new tenant; admins of the whole group only."""
    if not viewer.require(Area.BUSINESS_WRITE).everything:
        raise Denied(Area.BUSINESS_WRITE)
    row = Agency(**_cleaned(values))
    row.full_clean()
    row.save(force_insert=True)
    emit("agency.created", data={"id": row.pk}, agency_id=row.pk)
    return row


@transaction.atomic
def edit(viewer: Viewer, slug: str, changes: common.Values) -> Agency:
    """Changes an agency. Its currency stays once it has amounts: they would mean something else."""
    seen = viewer.require(Area.BUSINESS)
    row = Agency.objects.select_for_update().filter(seen.q("pk"), slug=slug).first()
    if row is None:
        raise Http404
    viewer.require(Area.BUSINESS_WRITE, row.pk)
    kept = _cleaned(changes)
    changed = [name for name, value in kept.items() if getattr(row, name) != value]
    if not changed:
        return row
    if "currency" in changed and any(
        model.objects.filter(agency=row).exists() for model in (Payment, Contract, Project)
    ):
        raise ValidationError({"currency": _("This agency has amounts already: its currency stays.")})
    for name in changed:
        setattr(row, name, kept[name])
    row.full_clean()
    row.save(update_fields=changed)
    emit("agency.updated", data={"id": row.pk, "changed": changed}, agency_id=row.pk)
    return row


def _cleaned(values: common.Values) -> dict[str, str]:
    try:
        return {name: rules.text(str(value), 200) for name, value in values.items() if value is not None}
    except ValidationError as error:
        raise ValidationError({"name": error}) from error
