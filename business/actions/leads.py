from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from business.actions import clients, common
from business.models import Lead
from core.people.access import Viewer

Outcome = Lead.Outcome


def create(viewer: Viewer, agency: str | None, values: common.Values) -> Lead:
    """A new lead; one that comes closed is closed at the time given, else now."""
    return common.create(viewer, Lead, agency, _dated(values))


@transaction.atomic
def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Lead:
    """Changes a lead; a changed outcome closes or reopens it."""
    row = common.locked(viewer, Lead, pk)
    kept = common.cleaned(_dated(changes, row), row.agency_id)
    common.unchanged_since(row, version, {name: kept[name] for name in changes})
    happened = "updated"
    if kept.get("outcome", row.outcome) != row.outcome:
        happened = "reopened" if kept["outcome"] == Outcome.OPEN else str(kept["outcome"])
    common.apply(row, kept, happened)
    return row


def _dated(values: common.Values, row: Lead | None = None) -> dict[str, Any]:
    """The date of closing follows the outcome."""
    given = dict(values)
    was = row.outcome if row else Outcome.OPEN
    outcome = given.get("outcome", was)
    if outcome == Outcome.OPEN:
        if outcome != was and "closed_at" not in values:
            given["closed_at"] = None
    elif outcome != was and given.get("closed_at") is None:
        given["closed_at"] = timezone.now()
    return given


@transaction.atomic
def win(
    viewer: Viewer,
    pk: int,
    *,
    client: int | str | None = None,
    new_client: bool = False,
    at: dt.datetime | None = None,
    version: str | None = None,
) -> Lead:
    """The lead became a client: an existing one, or with `new_client` one made with the lead's name."""
    row = _open(viewer, pk)
    values = common.cleaned({"client": client, "closed_at": at or timezone.now()}, row.agency_id)
    values["client"] = values["client"] or row.client
    common.unchanged_since(row, version, {"outcome": Outcome.WON})
    if new_client and values["client"] is None:
        values["client"] = clients.of_lead(row.agency_id, row.name)
    common.apply(row, {**values, "outcome": Outcome.WON}, "won")
    return row


@transaction.atomic
def lose(viewer: Viewer, pk: int, *, at: dt.datetime | None = None, version: str | None = None) -> Lead:
    """The lead came to nothing."""
    row = _open(viewer, pk)
    values = common.cleaned({"closed_at": at or timezone.now()}, row.agency_id)
    common.unchanged_since(row, version, {"outcome": Outcome.LOST})
    common.apply(row, {**values, "outcome": Outcome.LOST}, "lost")
    return row


@transaction.atomic
def reopen(viewer: Viewer, pk: int) -> Lead:
    """Takes back how a lead was closed; its client stays."""
    row = common.locked(viewer, Lead, pk)
    common.apply(row, {"outcome": Outcome.OPEN, "closed_at": None}, "reopened")
    return row


def _open(viewer: Viewer, pk: int) -> Lead:
    row = common.locked(viewer, Lead, pk)
    if row.outcome != Outcome.OPEN:
        raise ValidationError({"outcome": _("This lead is closed already.")})
    return row
