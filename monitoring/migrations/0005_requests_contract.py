"""The table of request minutes of the first version is gone: 0004_requests carried its rows over."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("monitoring", "0004_requests")]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="requestminute",
            name="monitoring_requestminute_once",
        ),
        migrations.DeleteModel(
            name="RequestMinute",
        ),
    ]
