"""Every partition of the trail refuses TRUNCATE by itself: a statement trigger of the parent is not inherited."""

from typing import Any, ClassVar

from django.db import migrations

from core.audit import schema


def guard(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'core_auditevent'::regclass")
        for (table,) in cursor.fetchall():
            cursor.execute(schema.NO_TRUNCATE.format(table=table))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_audit")]

    operations: ClassVar = [migrations.RunPython(guard, migrations.RunPython.noop)]
