"""Carries the actor into the database with every statement that may write.

The setting is local to the transaction, so that a pooled connection keeps nothing, a rolled-back savepoint
loses nothing, and a statement in autocommit has it as well. It travels in front of the statement itself:
no round trip is added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from core.audit.context import current

_WRITES = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(INSERT|UPDATE|DELETE|WITH|MERGE|CALL|DO)\b", re.IGNORECASE | re.DOTALL
)
_SET = "SELECT set_config('fvdash.actor', %s, true)"


def carry_actor(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if not isinstance(sql, str) or not _WRITES.match(sql):
        return execute(sql, params, many, context)
    if many:
        # Each set of values is a statement of its own: only a transaction holds the setting for all of them.
        with transaction.atomic(using=context["connection"].alias, savepoint=False):
            context["cursor"].execute(_SET, [current().as_json])
            return execute(sql, params, many, context)
    if params is None:
        # Without parameters a percent sign is itself; joining the two would make it a placeholder.
        sql, params = sql.replace("%", "%%"), ()
    if isinstance(params, Mapping):
        named = {**params, "_fvdash_actor": current().as_json}
        result = execute(f"{_SET % '%(_fvdash_actor)s'}; {sql}", named, many, context)
        while context["cursor"].nextset():
            pass
        return result
    result = execute(f"{_SET}; {sql}", (current().as_json, *params), many, context)
    cursor = context["cursor"]
    while cursor.nextset():
        pass
    return result


def _on_connect(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "postgresql" and carry_actor not in connection.execute_wrappers:
        connection.execute_wrappers.append(carry_actor)


def install() -> None:
    connection_created.connect(_on_connect, dispatch_uid="core.audit.wrapper")
