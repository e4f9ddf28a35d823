"""When each entry of the schedule last succeeded; for those whose last run did, that is known."""

from typing import ClassVar

from django.db import migrations, models

KNOWN = "UPDATE core_beatrun SET last_succeeded_at = last_finished_at WHERE last_outcome = 'ok'"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_audit_partitions_guarded")]

    operations: ClassVar = [
        migrations.AddField("beatrun", "last_succeeded_at", models.DateTimeField(null=True)),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
