"""Facts of each client's activity, what marks them stale, and the indexes of the figures."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from business.figures import schema
from business.figures.models import _Multirange


class Migration(migrations.Migration):
    dependencies: ClassVar = [("business", "0002_audit")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ClientFact",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="business.client",
                    ),
                ),
                ("agency_id", models.BigIntegerField()),
                ("first_at", models.DateTimeField(null=True)),
                ("first_start", models.DateField(null=True)),
                ("active", _Multirange(db_type="tstzmultirange")),
                ("contracted", _Multirange(db_type="datemultirange")),
            ],
        ),
        migrations.CreateModel(
            name="StaleClient",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("client_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["client_id"], name="business_staleclient_client")],
            },
        ),
        migrations.RunSQL(schema.FORWARD, schema.REVERSE),
        migrations.RunSQL(schema.INDEXES, schema.DROP_INDEXES),
    ]
