"""The store of metrics in three tiers. The samples kept so far are carried over."""

from typing import Any

from django.db import migrations, models

from monitoring import store
from monitoring.partitions import ddl, make_in_migration

# MAIN and a low target: compressed in place, never moved to a side table, which a reader would look up row by row.
BLOCK = ", ".join(f"{name} bytea STORAGE MAIN NOT NULL" for name in ("counts", "sums", "mins", "maxs", "lasts"))
TABLES = f"""
CREATE TABLE monitoring_raw (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    series bytea NOT NULL,
    readings bytea NOT NULL,
    pushed boolean NOT NULL DEFAULT false,
    once text NOT NULL DEFAULT ''
){ddl("monitoring_raw", "at")};
CREATE INDEX monitoring_raw_at ON monitoring_raw (at);
CREATE UNIQUE INDEX monitoring_raw_once ON monitoring_raw (once, at) WHERE once <> '';

"""
for _table in ("monitoring_minuteblock", "monitoring_hourblock", "monitoring_dayblock"):
    TABLES += f"""
CREATE TABLE {_table} (
    series_id integer NOT NULL,
    at timestamptz NOT NULL,
    {BLOCK},
    PRIMARY KEY (series_id, at)
){ddl(_table, "at")};
"""
NO_TABLES = (
    "DROP TABLE monitoring_raw; DROP TABLE monitoring_minuteblock; DROP TABLE monitoring_hourblock;"
    " DROP TABLE monitoring_dayblock"
)

CARRY_OVER = """
INSERT INTO monitoring_series (metric, host, labels, custom, fresh_s, created_at)
SELECT name, host, labels, false, 30, now() FROM monitoring_sample GROUP BY name, host, labels;
INSERT INTO monitoring_raw (at, series, readings)
SELECT sample.at, string_agg(int4send(series.id), ''), string_agg(float8send(sample.value), '')
  FROM (SELECT * FROM monitoring_sample ORDER BY at, id) AS sample
  JOIN monitoring_series AS series
    ON series.metric = sample.name AND series.host = sample.host AND series.labels = sample.labels
 GROUP BY sample.at, sample.host;
"""


def partitions(apps: Any, schema_editor: Any) -> None:
    for plan in (store.RAW, store.MINUTES, store.HOURS, store.DAYS):
        make_in_migration(plan)(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayBlock",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "series_id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("series_id", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("counts", models.BinaryField()),
                ("sums", models.BinaryField()),
                ("mins", models.BinaryField()),
                ("maxs", models.BinaryField()),
                ("lasts", models.BinaryField()),
            ],
            options={
                "db_table": "monitoring_dayblock",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="HourBlock",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "series_id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("series_id", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("counts", models.BinaryField()),
                ("sums", models.BinaryField()),
                ("mins", models.BinaryField()),
                ("maxs", models.BinaryField()),
                ("lasts", models.BinaryField()),
            ],
            options={
                "db_table": "monitoring_hourblock",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="MinuteBlock",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "series_id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("series_id", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("counts", models.BinaryField()),
                ("sums", models.BinaryField()),
                ("mins", models.BinaryField()),
                ("maxs", models.BinaryField()),
                ("lasts", models.BinaryField()),
            ],
            options={
                "db_table": "monitoring_minuteblock",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Raw",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("series", models.BinaryField()),
                ("readings", models.BinaryField()),
                ("pushed", models.BooleanField(default=False)),
                ("once", models.CharField(blank=True, default="", max_length=120)),
            ],
            options={
                "db_table": "monitoring_raw",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LateHour",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="RollUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("closed_until", models.DateTimeField()),
                ("rolled_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("metric", models.CharField(max_length=80)),
                ("host", models.CharField(blank=True, max_length=100)),
                ("labels", models.JSONField(blank=True, default=dict)),
                ("custom", models.BooleanField(default=False)),
                ("fresh_s", models.PositiveIntegerField(default=30)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_hour", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("metric", "host", "labels"), name="monitoring_series_once")
                ],
            },
        ),
        migrations.RunSQL(TABLES, NO_TABLES),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RunPython(partitions, migrations.RunPython.noop),
    ]
