"""Requests by endpoint in minutes, hours and longer periods; the minutes kept so far are carried over."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models

from monitoring.partitions import ddl, make_in_migration
from monitoring.requests import HOURS, MINUTES, carrying

ROLLED = """
    endpoint_id integer NOT NULL,
    at timestamptz NOT NULL,
    count bigint NOT NULL,
    total_us bigint NOT NULL,
    max_us bigint NOT NULL,
    errors bigint NOT NULL,
    refused bigint NOT NULL,
    statuses smallint[] NOT NULL,
    by_status bigint[] NOT NULL,
    slots smallint[] NOT NULL,
    counts bigint[] NOT NULL"""
TABLES = f"""
CREATE TABLE monitoring_endpointminute (
    endpoint_id integer NOT NULL,
    minute timestamptz NOT NULL,
    status smallint NOT NULL,
    host varchar(100) NOT NULL,
    count integer NOT NULL,
    total_us bigint NOT NULL,
    max_us bigint NOT NULL,
    slots smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (endpoint_id, minute, status, host)
){ddl("monitoring_endpointminute", "minute")};
CREATE INDEX monitoring_endpointminute_at ON monitoring_endpointminute (minute);

CREATE TABLE monitoring_endpointhour ({ROLLED},
    PRIMARY KEY (endpoint_id, at)
){ddl("monitoring_endpointhour", "at")};
CREATE INDEX monitoring_endpointhour_at ON monitoring_endpointhour (at);

CREATE TABLE monitoring_endpointperiod (
    days smallint NOT NULL CHECK (days IN (1, 7, 28)),{ROLLED},
    PRIMARY KEY (days, endpoint_id, at)
);
CREATE INDEX monitoring_endpointperiod_at ON monitoring_endpointperiod (days, at);
"""
NO_TABLES = (
    "DROP TABLE monitoring_endpointminute; DROP TABLE monitoring_endpointhour; DROP TABLE monitoring_endpointperiod"
)


def first_partitions(apps: Any, schema_editor: Any) -> None:
    for plan in (MINUTES, HOURS):
        make_in_migration(plan)(apps, schema_editor)
    carrying.make_partitions(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("monitoring", "0002_health")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EndpointHour",
            fields=[
                ("endpoint_id", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("count", models.BigIntegerField()),
                ("total_us", models.BigIntegerField()),
                ("max_us", models.BigIntegerField()),
                ("errors", models.BigIntegerField()),
                ("refused", models.BigIntegerField()),
                ("statuses", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
                ("by_status", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ("slots", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "endpoint_id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={
                "db_table": "monitoring_endpointhour",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="EndpointMinute",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "endpoint_id",
                        "minute",
                        "status",
                        "host",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("endpoint_id", models.IntegerField()),
                ("minute", models.DateTimeField()),
                ("status", models.SmallIntegerField()),
                ("host", models.CharField(max_length=100)),
                ("count", models.IntegerField()),
                ("total_us", models.BigIntegerField()),
                ("max_us", models.BigIntegerField()),
                ("slots", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())),
            ],
            options={
                "db_table": "monitoring_endpointminute",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="EndpointPeriod",
            fields=[
                ("endpoint_id", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("count", models.BigIntegerField()),
                ("total_us", models.BigIntegerField()),
                ("max_us", models.BigIntegerField()),
                ("errors", models.BigIntegerField()),
                ("refused", models.BigIntegerField()),
                ("statuses", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
                ("by_status", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ("slots", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "days", "endpoint_id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("days", models.SmallIntegerField()),
            ],
            options={
                "db_table": "monitoring_endpointperiod",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(choices=[("request", "request"), ("task", "task"), ("all", "all")], max_length=8),
                ),
                ("method", models.CharField(blank=True, max_length=8)),
                ("route", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="EndpointMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="EndpointRoll",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.UniqueConstraint(fields=("kind", "method", "route"), name="monitoring_endpoint_once"),
        ),
        migrations.AddConstraint(
            model_name="endpointroll",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="monitoring_endpointroll_one"),
        ),
        migrations.RunSQL(TABLES, NO_TABLES),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
        migrations.RunSQL(carrying.FORWARD, carrying.BACK),
    ]
