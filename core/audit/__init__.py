"""The audit trail: triggers write every change of marked tables, `record` writes what only the app knows."""

from __future__ import annotations

import json
from typing import Any


def record(
    action: str,
    *,
    resource_type: str,
    resource_id: str | int = "",
    agency_id: int | None = None,
    outcome: str = "success",
    diff: dict[str, Any] | None = None,
    reason: str = "",
    actor_id: int | None = None,
) -> None:
    """Writes one event in the caller's transaction, with the actor of the context.

    `action` is one of the contract's (login, data_access, file_access, …); `diff` must hold no personal
    value and no secret. `actor_id` replaces the context's, for a sign-in that has just happened.
    """
    from django.db import connection

    from core.audit.context import current

    actor = current()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_auditevent (agency_id, actor_id, actor_kind, on_behalf_of, action, outcome,"
            " resource_type, resource_id, ip, user_agent, request_id, diff, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                agency_id,
                actor_id if actor_id is not None else actor.id,
                "user" if actor_id is not None and actor.kind == "system" else actor.kind,
                actor.on_behalf_of,
                action,
                outcome,
                resource_type,
                str(resource_id),
                actor.ip,
                actor.user_agent[:300],
                actor.request_id,
                json.dumps(diff or {}),
                reason or actor.reason,
            ],
        )
