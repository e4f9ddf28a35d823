"""A person's history out of the audit trail, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext as _

from core.audit.models import AuditEvent
from core.people.access import ROLE_LABELS, Role
from core.people.models import User

ROWS = 30


@dataclass(frozen=True)
class Change:
    """`by` is who did it, "" when it was the person themselves or the system."""

    occurred_at: dt.datetime
    text: str
    detail: str
    failed: bool
    by: str


def of(user: User, tokens: Sequence[int], places: Mapping[int, str]) -> tuple[Change, ...]:
    """What was done by or to the person's account, newest first: sign-ins, roles, tokens, status.

    `tokens` are the ids of the person's own; `places` the names of agencies that the reader may know.
    """
    roles = Q(resource_type="role") & (Q(diff__user_id__new=user.pk) | Q(diff__user_id__old=user.pk))
    actor = User.objects.filter(pk=OuterRef("actor_id")).annotate(
        label=Coalesce(NullIf("name", Value("")), "email", output_field=CharField())
    )
    events = (
        AuditEvent.objects.filter(
            Q(resource_type="user", resource_id=str(user.pk))
            | roles
            | Q(resource_type="api_token", resource_id__in=[str(pk) for pk in tokens])
        )
        .annotate(actor=Subquery(actor.values("label")))
        .order_by("-occurred_at", "-id")[:ROWS]
    )
    return tuple(
        Change(
            event.occurred_at,
            *_words(event, places),
            event.outcome != "success",
            (event.actor or "") if event.actor_id != user.pk else "",
        )
        for event in events
    )


def _words(event: AuditEvent, places: Mapping[int, str]) -> tuple[str, str]:
    diff: dict[str, Any] = event.diff
    if event.resource_type == "role":
        given = "new" if "new" in diff.get("role", {}) else "old"
        role = diff.get("role", {}).get(given, "")
        agency = diff.get("agency_id", {}).get(given)
        place = _("whole group") if agency is None else places.get(agency, "")
        label = str(ROLE_LABELS[Role(role)]) if role in {r.value for r in Role} else role
        return (_("Role given") if given == "new" else _("Role taken")), f"{label} · {place}"
    if event.resource_type == "api_token":
        name = diff.get("name", {}).get("new", "") if isinstance(diff.get("name"), dict) else ""
        return (_("API token revoked") if "revoked_at" in diff else _("API token made")), name
    if "second_factor" in diff:
        return _second_factor(diff["second_factor"])
    if "reset_link" in diff:
        return _("Reset link made"), ""
    texts = {
        "login": _("Signed in"),
        "logout": _("Signed out"),
        "login_failed": _("Failed sign-in"),
        "data_create": _("Account made"),
        "data_delete": _("Deleted"),
    }
    if event.action in texts:
        return texts[event.action], ""
    if "is_active" in diff:
        return (_("Reactivated") if diff["is_active"].get("new") else _("Deactivated")), ""
    changed = {
        "password": _("password"),
        "name": _("name"),
        "email": _("e-mail"),
        "requires_second_factor": _("second factor required"),
    }
    return _("Changed"), ", ".join(str(changed[key]) for key in diff if key in changed)


def _second_factor(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict):
        return _("Wrong code of the second factor"), ""
    kinds = {"totp": _("app"), "webauthn": _("passkey or key"), "recovery_codes": _("recovery codes")}
    ((what, kind),) = value.items()
    texts = {
        "added": _("Second factor set up"),
        "removed": _("Second factor removed"),
        "reset": _("Second factor renewed"),
    }
    return str(texts.get(what, what)), str(kinds.get(kind, kind))
