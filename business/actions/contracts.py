from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from business.actions import common
from business.models import Contract, ContractChange
from core.people.access import Viewer


def create(viewer: Viewer, agency: str | None, values: common.Values) -> Contract:
    """A new recurring contract; its amount is per interval, from its start on."""
    return common.create(viewer, Contract, agency, values)


@transaction.atomic
def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Contract:
    """Corrects a contract. `amount` is that of its start: what changes later is `change_amount`."""
    row = common.edit(viewer, Contract, pk, changes, version)
    first = ContractChange.objects.filter(contract=row).order_by("effective_from").first()
    if first is not None and first.effective_from < row.start:
        raise ValidationError(
            {"start": _("The contract has a change of amount before this day: correct that one first.")}
        )
    return row


@transaction.atomic
def end(viewer: Viewer, pk: int, day: dt.date | None, version: str | None = None) -> Contract:
    """Sets the last day of a contract; None lets it run on."""
    row = common.locked(viewer, Contract, pk)
    values = common.cleaned({"end": day}, row.agency_id)
    common.unchanged_since(row, version, values)
    common.apply(row, values, "ended" if day else "reopened")
    return row


@transaction.atomic
def change_amount(viewer: Viewer, pk: int, effective_from: dt.date, amount: Decimal) -> ContractChange:
    """From a day on the contract's amount per interval is another."""
    contract = common.locked(viewer, Contract, pk)
    values = common.cleaned({"effective_from": effective_from, "amount": amount}, contract.agency_id)
    return _add(contract, values)


@transaction.atomic
def create_change(viewer: Viewer, agency: str | None, values: common.Values) -> ContractChange:
    """As `change_amount`, with the contract named in the values."""
    place = common.agency_to_write(viewer, agency)
    kept = common.cleaned(values, place.pk)
    contract = kept.pop("contract", None)
    if contract is None:
        raise ValidationError({"contract": _("Name the contract.")})
    return _add(common.locked(viewer, Contract, contract.pk), kept)


def _add(contract: Contract, values: dict[str, Any]) -> ContractChange:
    row = ContractChange(agency_id=contract.agency_id, contract=contract, **values)
    _inside(contract, row.effective_from)
    common.check(row)
    common.save(row)
    common.tell(contract, "amount_changed", change=row.pk)
    return row


def _inside(contract: Contract, day: dt.date) -> None:
    if day < contract.start:
        raise ValidationError({"effective_from": _("The contract starts later.")})
    if contract.end is not None and day > contract.end:
        raise ValidationError({"effective_from": _("The contract has ended by then.")})


@transaction.atomic
def edit_change(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> ContractChange:
    """Corrects a change of amount; it stays with its contract."""
    row = common.locked(viewer, ContractChange, pk)
    kept = common.cleaned(changes, row.agency_id)
    if kept.pop("contract", row.contract) != row.contract:
        raise ValidationError({"contract": _("A change of amount stays with its contract.")})
    common.unchanged_since(row, version, kept)
    if "effective_from" in kept:
        _inside(row.contract, kept["effective_from"])
    common.apply(row, kept, "amount_changed", change=row.pk)
    return row


@transaction.atomic
def remove_change(viewer: Viewer, contract_pk: int, pk: int) -> None:
    """Takes back a change of amount that was typed wrongly. The audit trail keeps it."""
    contract = common.locked(viewer, Contract, contract_pk)
    row = ContractChange.objects.filter(pk=pk, contract=contract).first()
    if row is None:
        raise Http404
    row.delete()
    common.tell(contract, "amount_changed", change=pk)
