from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from business.actions import common
from business.models import Payment
from core.people.access import Viewer


def create(viewer: Viewer, agency: str | None, values: common.Values) -> Payment:
    """A payment that is due, or was received."""
    return common.create(viewer, Payment, agency, values)


def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Payment:
    """Corrects a payment."""
    return common.edit(viewer, Payment, pk, changes, version)


@transaction.atomic
def mark_paid(
    viewer: Viewer,
    pk: int,
    *,
    at: dt.datetime | None = None,
    method: str | None = None,
    version: str | None = None,
) -> Payment:
    """The money came, `at` a time (default now)."""
    row = common.locked(viewer, Payment, pk)
    if row.paid_at is not None:
        raise ValidationError({"paid_at": _("This was paid already.")})
    values = common.cleaned({"paid_at": at or timezone.now(), "method": method or row.method}, row.agency_id)
    common.unchanged_since(row, version, values)
    common.apply(row, values, "paid")
    return row


@transaction.atomic
def refund(
    viewer: Viewer,
    pk: int,
    *,
    amount: Decimal | None = None,
    at: dt.datetime | None = None,
    version: str | None = None,
) -> Payment:
    """Money given back: the whole unless `amount` says a part. It counts against `at` (default now)."""
    row = common.locked(viewer, Payment, pk)
    if row.paid_at is None:
        raise ValidationError({"refunded_at": _("Only what was paid can be refunded.")})
    if row.refunded_at is not None:
        raise ValidationError({"refunded_at": _("This was refunded already: edit the payment to correct it.")})
    given = {"refunded_at": at or timezone.now(), "refunded_amount": row.amount if amount is None else amount}
    values = common.cleaned(given, row.agency_id)
    common.unchanged_since(row, version, values)
    common.apply(row, values, "refunded")
    return row


@transaction.atomic
def delete(viewer: Viewer, pk: int) -> None:
    """Removes a payment that never was one. The audit trail keeps it."""
    row = common.locked(viewer, Payment, pk)
    common.tell(row, "deleted")
    row.delete()
