"""A list of payments narrowed to a way to pay that few have reads these few, not a million."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("business", "0007_references_of_one_agency")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["agency", "method"], name="business_payment_method"),
        ),
    ]
