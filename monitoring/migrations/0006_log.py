"""The system log: groups, and in daily partitions entries, counts by hour and totals in ten seconds."""

import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from monitoring.log.tables import ENTRIES, HOURS, SLOTS
from monitoring.partitions import ddl, make_in_migration

# Searched by prefixes of words without case and accents, by the functions that the business made for its lists.
# A search also reads what is not yet merged into a GIN index: keep that short.
_GIN = "WITH (gin_pending_list_limit = 256)"
TABLES = f"""
CREATE SEQUENCE monitoring_logentry_id_seq;
CREATE TABLE monitoring_logentry (
    id bigint NOT NULL DEFAULT nextval('monitoring_logentry_id_seq'),
    group_id bigint NOT NULL, slot smallint NOT NULL, day timestamptz NOT NULL, at timestamptz NOT NULL,
    level smallint NOT NULL, logger text NOT NULL, message text NOT NULL, traceback text NOT NULL,
    extra jsonb NOT NULL, request_id text NOT NULL, task_id text NOT NULL, task text NOT NULL, actor text NOT NULL,
    user_id bigint, agency_id bigint, method text NOT NULL, route text NOT NULL,
    host text NOT NULL, process text NOT NULL, pid integer NOT NULL, search tsvector NOT NULL,
    PRIMARY KEY (group_id, slot, day)
){ddl("monitoring_logentry", "day")};
CREATE INDEX monitoring_logentry_newest ON monitoring_logentry (group_id, at DESC, id DESC);
CREATE INDEX monitoring_logentry_request ON monitoring_logentry (request_id) WHERE request_id <> '';
CREATE INDEX monitoring_logentry_task ON monitoring_logentry (task_id) WHERE task_id <> '';
CREATE INDEX monitoring_logentry_search ON monitoring_logentry USING gin (search) {_GIN};

CREATE TABLE monitoring_loghour (
    group_id bigint NOT NULL, hour timestamptz NOT NULL, count bigint NOT NULL, PRIMARY KEY (group_id, hour)
){ddl("monitoring_loghour", "hour")};

CREATE TABLE monitoring_logslot (
    slot timestamptz NOT NULL, level smallint NOT NULL, count bigint NOT NULL, PRIMARY KEY (slot, level)
){ddl("monitoring_logslot", "slot")};
"""
DROP = """
DROP TABLE monitoring_logslot; DROP TABLE monitoring_loghour; DROP TABLE monitoring_logentry;
DROP SEQUENCE monitoring_logentry_id_seq;
"""
SEARCH = f"CREATE INDEX monitoring_loggroup_search ON monitoring_loggroup USING gin (search) {_GIN}"


def make_partitions(apps, schema_editor):
    for plan in (ENTRIES, HOURS, SLOTS):
        make_in_migration(plan)(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0005_requests_contract"),
        ("business", "0004_search_and_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("slot", models.PositiveSmallIntegerField()),
                ("day", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("level", models.PositiveSmallIntegerField()),
                ("logger", models.CharField(max_length=100)),
                ("message", models.TextField()),
                ("traceback", models.TextField(blank=True, default="")),
                ("extra", models.JSONField(default=dict)),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
                ("task_id", models.CharField(blank=True, default="", max_length=64)),
                ("task", models.CharField(blank=True, default="", max_length=120)),
                ("actor", models.CharField(blank=True, default="", max_length=10)),
                ("user_id", models.BigIntegerField(null=True)),
                ("agency_id", models.BigIntegerField(null=True)),
                ("method", models.CharField(blank=True, default="", max_length=8)),
                ("route", models.CharField(blank=True, default="", max_length=200)),
                ("host", models.CharField(max_length=100)),
                ("process", models.CharField(max_length=40)),
                ("pid", models.IntegerField()),
                ("search", django.contrib.postgres.search.SearchVectorField(editable=False)),
            ],
            options={
                "db_table": "monitoring_logentry",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LogHour",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id", "hour", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("count", models.PositiveBigIntegerField()),
            ],
            options={
                "db_table": "monitoring_loghour",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LogSlot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "slot", "level", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("slot", models.DateTimeField()),
                ("level", models.PositiveSmallIntegerField()),
                ("count", models.PositiveBigIntegerField()),
            ],
            options={
                "db_table": "monitoring_logslot",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LogGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=32, unique=True)),
                ("level", models.PositiveSmallIntegerField()),
                ("logger", models.CharField(max_length=100)),
                ("exception", models.CharField(blank=True, default="", max_length=200)),
                ("place", models.CharField(blank=True, default="", max_length=200)),
                ("title", models.CharField(max_length=200)),
                ("search", django.contrib.postgres.search.SearchVectorField(editable=False)),
                ("count", models.PositiveBigIntegerField()),
                ("lost", models.PositiveBigIntegerField(default=0)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("regressed", "Regressed"),
                            ("resolved", "Resolved"),
                            ("muted", "Muted"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
                ("host", models.CharField(blank=True, default="", max_length=100)),
                ("process", models.CharField(blank=True, default="", max_length=40)),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-last_seen", "-id"], name="monitoring_loggroup_newest"),
                    models.Index(fields=["-count", "-id"], name="monitoring_loggroup_most"),
                    models.Index(fields=["-first_seen", "-id"], name="monitoring_loggroup_first"),
                ],
            },
        ),
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
        migrations.RunSQL(TABLES, DROP),
        migrations.RunPython(make_partitions, migrations.RunPython.noop),
    ]
