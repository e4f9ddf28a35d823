"""A row refers to rows of its own agency alone: foreign keys on (id, agency) in place of those on the id."""

import django.db.models.deletion
from django.db import migrations, models

from business import references


class Migration(migrations.Migration):
    dependencies = [
        ("business", "0006_calendar_days"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contract",
            name="client",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contracts",
                to="business.client",
                verbose_name="client",
            ),
        ),
        migrations.AlterField(
            model_name="contractchange",
            name="contract",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="business.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="client",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leads",
                to="business.client",
                verbose_name="client",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="client",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="business.client",
                verbose_name="client",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="business.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="project",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="business.project",
                verbose_name="project",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="client",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="projects",
                to="business.client",
                verbose_name="client",
            ),
        ),
        migrations.AlterField(
            model_name="projectstatuschange",
            name="project",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="status_changes",
                to="business.project",
            ),
        ),
        migrations.AlterField(
            model_name="satisfaction",
            name="client",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="business.client",
                verbose_name="client",
            ),
        ),
        migrations.AlterField(
            model_name="satisfaction",
            name="project",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="business.project",
                verbose_name="project",
            ),
        ),
        migrations.RunSQL(references.FORWARD, references.REVERSE),
    ]
