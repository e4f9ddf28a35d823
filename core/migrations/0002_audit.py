"""The audit trail from the very first day: table, append-only guards, and triggers on core's tables."""

from typing import Any, ClassVar

from django.db import migrations

from core.audit import partitions, schema
from core.audit.operations import AuditTrigger


def first_partitions(apps: Any, schema_editor: Any) -> None:
    partitions.ensure(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(schema.TABLE, schema.REVERSE),
        migrations.RunSQL(schema.ROW_FUNCTION, migrations.RunSQL.noop),
        migrations.RunSQL(schema.PRIVILEGES, migrations.RunSQL.noop),
        migrations.RunPython(first_partitions, migrations.RunPython.noop, elidable=False),
        AuditTrigger("core_agency", "agency", agency="id"),
        AuditTrigger(
            "core_user",
            "user",
            agency=None,
            hidden=["email", "name", "password"],
            ignored=["density", "language", "last_login", "theme"],
        ),
        AuditTrigger("core_rolegrant", "role", action="permission"),
        AuditTrigger(
            "core_apitoken",
            "api_token",
            action="permission",
            agency=None,
            hidden=["digest"],
            ignored=["last_used_at"],
        ),
    ]
