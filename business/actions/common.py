"""How a row of the business is made and changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.http import Http404
from django.utils.translation import gettext as _

from business import rules
from business.errors import Clash, LostUpdate
from business.queries.common import REFERENCES, find_reference, version_of
from core.agencies.models import Agency
from core.events import emit
from core.people.access import Area, Viewer

type Values = Mapping[str, Any]

# Rules of columns by name; what is not here is checked by the model's own field.
_RULES: dict[str, Callable[[Any], Any]] = {
    "source_id": partial(rules.text, longest=100),
    "name": partial(rules.text, longest=200),
    "email": rules.email,
    "phone": rules.phone,
    "document": rules.document,
    "city": partial(rules.text, longest=120),
    "state": partial(rules.text, longest=60),
    "whatsapp_opt_in_source": partial(rules.text, longest=120),
    "source": partial(rules.text, longest=100),
    "method": partial(rules.text, longest=40),
    "comment": partial(rules.text, longest=2000),
}
# Names by which ROW_RULES knows the tables, and the object of the domain events.
KINDS = {
    "Client": ("clients", "client"),
    "Project": ("projects", "project"),
    "Contract": ("contracts", "contract"),
    "ContractChange": ("contract_changes", "contract"),
    "Payment": ("payments", "payment"),
    "Lead": ("leads", "lead"),
    "Satisfaction": ("satisfaction", "satisfaction"),
}
_ROW_RULES = {**rules.ROW_RULES, "projects": rules.project_row}


def cleaned(values: Values, agency_id: int) -> dict[str, Any]:
    """Values as they are kept, references as rows of the same agency; raises ValidationError by field."""
    kept: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, value in values.items():
        try:
            kept[name] = _clean(name, value, agency_id)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return kept


def _clean(name: str, value: Any, agency_id: int) -> Any:
    if name in REFERENCES:
        if value is None or value == "" or isinstance(value, Model):
            return value or None
        found = find_reference(name, Q(agency_id=agency_id), value)
        if found is None:
            raise ValidationError(_("There is no such row in this agency."))
        return found
    if name in _RULES:
        return _RULES[name](value or "")
    if isinstance(value, dt.datetime):
        return rules.moment(value)
    if isinstance(value, dt.date):
        return rules.day(value)
    if isinstance(value, Decimal):
        return rules.amount(value)
    return value


def check(row: Model) -> None:
    """All rules of a row together; raises ValidationError by field."""
    references = [field.name for field in row._meta.concrete_fields if field.is_relation]
    errors: dict[str, Any] = {}
    try:
        row.full_clean(exclude=references, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        errors = dict(error.error_dict)
    kind = KINDS[type(row).__name__][0]
    if kind in _ROW_RULES:
        values = {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for field, message in _ROW_RULES[kind](values):
            errors.setdefault(field, message)
    if errors:
        raise ValidationError(errors)
    _agree(row)


def _agree(row: Model) -> None:
    """A payment or answer about a project or contract is its client's: filled in when not said."""
    if not hasattr(row, "client_id"):
        return
    for name in ("project", "contract"):
        other = getattr(row, name, None)
        if other is None or other.client_id is None:
            continue
        if row.client_id is None:
            row.client_id = other.client_id
        elif row.client_id != other.client_id:
            raise ValidationError({name: _("This belongs to another client.")})


def save(row: Model, fields: list[str] | None = None) -> None:
    """Writes the row; a source id that another row has becomes a ValidationError."""
    table = row._meta.db_table
    try:
        with transaction.atomic():
            if fields is None:
                row.save(force_insert=True)
            else:
                row.save(update_fields=fields)
    except IntegrityError as error:
        text = str(error)
        if f"{table}_source_once" in text:
            raise ValidationError({"source_id": _("Another row of this agency has this source id.")}) from error
        if "once_a_day" in text:
            raise ValidationError(
                {"effective_from": _("The contract has a change on this day already: edit that one.")}
            ) from error
        raise


def agency_to_write(viewer: Viewer, slug: str | None) -> Agency:
    """The agency for a new row: the one named, else the viewer's only one.

    Raises Http404 for one that the viewer does not see, Denied when they may not write there.
    """
    seen = viewer.require(Area.BUSINESS)
    if slug:
        agency = Agency.objects.filter(seen.q("pk"), slug=slug).first()
        if agency is None:
            raise Http404
    else:
        scope = viewer.require(Area.BUSINESS_WRITE)
        found = list(Agency.objects.filter(scope.q("pk"), archived_at=None)[:2])
        if len(found) != 1:
            raise ValidationError({"agency": _("Say which agency: there are several.")})
        agency = found[0]
    viewer.require(Area.BUSINESS_WRITE, agency.pk)
    if agency.archived_at is not None:
        raise ValidationError({"agency": _("This agency is archived.")})
    return agency


@transaction.atomic
def create[M: Model](viewer: Viewer, model: type[M], agency_slug: str | None, values: Values) -> M:
    """Makes a row of the agency and tells `<object>.created`."""
    agency = agency_to_write(viewer, agency_slug)
    row = model(agency=agency, **cleaned(values, agency.pk))
    check(row)
    save(row)
    tell(row, "created")
    return row


def locked[M: Model](viewer: Viewer, model: type[M], pk: int) -> M:
    """The row, locked for the rest of the transaction, which the viewer may write."""
    seen = viewer.require(Area.BUSINESS)
    row = model._default_manager.select_for_update().filter(seen.q(), pk=pk).first()
    if row is None:
        raise Http404
    viewer.require(Area.BUSINESS_WRITE, row.agency_id)  # type: ignore[attr-defined]
    return row


def unchanged_since(row: Model, version: str | None, values: Values) -> None:
    """Raises LostUpdate when the row is no longer in the state `version`; None asks for no check."""
    present = version_of(row)
    if not version or version == present:
        return
    clashes = [
        Clash(name, str(getattr(row._meta.get_field(name), "verbose_name", name)), getattr(row, name), value)
        for name, value in values.items()
        if getattr(row, name) != value
    ]
    raise LostUpdate(present, clashes)


@transaction.atomic
def edit[M: Model](viewer: Viewer, model: type[M], pk: int, changes: Values, version: str | None = None) -> M:
    """Changes columns of a row and tells `<object>.updated`; nothing when all are as they were."""
    row = locked(viewer, model, pk)
    kept = cleaned(changes, row.agency_id)  # type: ignore[attr-defined]
    unchanged_since(row, version, kept)
    apply(row, kept, "updated")
    return row


def apply(row: Model, values: Values, happened: str, **data: Any) -> bool:
    """Writes the values that differ and tells the event; whether there was one."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(row, name, values[name])
    before = getattr(row, "client_id", None)
    check(row)
    if getattr(row, "client_id", None) != before:
        changed.append("client")
    save(row, changed)
    tell(row, happened, changed=sorted(set(changed)), **data)
    return True


def tell(row: Model, happened: str, **data: Any) -> None:
    """One domain event about the row: ids, never personal values."""
    name = KINDS[type(row).__name__][1]
    agency_id: int = row.agency_id  # type: ignore[attr-defined]
    emit(f"{name}.{happened}", data={"id": row.pk, **data}, agency_id=agency_id)
