"""Counters of requests and tasks since the beginning, for /metrics. They begin with this version."""

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("monitoring", "0006_log")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Total",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "route",
                        "method",
                        "status",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=8)),
                ("route", models.CharField(max_length=200)),
                ("method", models.CharField(blank=True, max_length=8)),
                ("status", models.SmallIntegerField()),
                ("count", models.BigIntegerField()),
                ("total_us", models.BigIntegerField()),
                ("buckets", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        # Few rows, each written every few seconds: room in a page for the next version of its rows.
        migrations.RunSQL(
            "ALTER TABLE monitoring_total SET (fillfactor = 50)", "ALTER TABLE monitoring_total RESET (fillfactor)"
        ),
    ]
