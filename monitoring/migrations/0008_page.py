"""Annotations of charts."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0007_totals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Annotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("deploy", "Deployment"),
                            ("backup", "Backup"),
                            ("alert", "Alert"),
                            ("note", "Note"),
                        ],
                        max_length=10,
                    ),
                ),
                ("event", models.CharField(blank=True, default="", max_length=40)),
                ("text", models.CharField(blank=True, max_length=200)),
                ("link", models.CharField(blank=True, default="", max_length=500)),
                ("key", models.CharField(blank=True, default="", max_length=120)),
                ("bad", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("kind", "key"),
                        name="monitoring_annotation_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["deploy", "backup", "alert", "note"])),
                        name="monitoring_annotation_kind",
                    ),
                ]
            },
        ),
    ]
