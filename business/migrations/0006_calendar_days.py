"""A payment keeps its client active for 90 days of the calendar, and a closed project is over from the earlier
of its dates. All facts are computed anew; figures are right meanwhile, and slower until the refresh."""

from typing import ClassVar

from django.db import migrations

from business.figures import activity
from business.figures.models import _Multirange


class Migration(migrations.Migration):
    dependencies: ClassVar = [("business", "0005_imports")]

    operations: ClassVar = [
        migrations.RunSQL(
            activity.FORWARD,
            activity.REVERSE,
            state_operations=[
                migrations.AddField("clientfact", "paid", _Multirange(db_type="tstzmultirange"), preserve_default=False)
            ],
        ),
    ]
