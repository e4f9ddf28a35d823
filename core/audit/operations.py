"""Migration operations of the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations.base import Operation

TRIGGER = "fvdash_audit"


def trigger_arguments(
    resource_type: str, action: str, agency: str | None, hidden: Sequence[str], ignored: Sequence[str]
) -> tuple[str, ...]:
    """What the trigger function is given, in its order; also what the data map is compared with."""
    return (resource_type, action, agency or "", ",".join(sorted(hidden)), ",".join(sorted(ignored)))


class AuditTrigger(Operation):
    """Puts (or replaces) the audit trigger on `table`. Its arguments are frozen in the migration: when the
    data map changes, a new migration with this operation follows, and a test says so."""

    reversible = True
    reduces_to_sql = True

    def __init__(
        self,
        table: str,
        resource_type: str,
        *,
        action: str = "data",
        agency: str | None = "agency_id",
        hidden: Sequence[str] = (),
        ignored: Sequence[str] = (),
    ) -> None:
        self.table, self.resource_type, self.action = table, resource_type, action
        self.agency, self.hidden, self.ignored = agency, tuple(hidden), tuple(ignored)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords = {"action": self.action, "agency": self.agency, "hidden": self.hidden}
        return "AuditTrigger", [self.table, self.resource_type], keywords | {"ignored": self.ignored}

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        arguments = trigger_arguments(self.resource_type, self.action, self.agency, self.hidden, self.ignored)
        quoted = ", ".join("'" + argument.replace("'", "''") + "'" for argument in arguments)
        schema_editor.execute(
            f'CREATE OR REPLACE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON "{self.table}"'
            f" FOR EACH ROW EXECUTE FUNCTION core_audit_row({quoted})"
        )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(f'DROP TRIGGER IF EXISTS {TRIGGER} ON "{self.table}"')

    def describe(self) -> str:
        return f"Audit every change of {self.table}"
