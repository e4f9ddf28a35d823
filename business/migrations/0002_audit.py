"""Every change of the business is in the audit trail; personal values are not."""

from typing import ClassVar

from django.db import migrations

from core.audit.operations import AuditTrigger


class Migration(migrations.Migration):
    dependencies: ClassVar = [("business", "0001_initial"), ("core", "0002_audit")]

    operations: ClassVar = [
        AuditTrigger("business_client", "client_data", hidden=["city", "document", "email", "name", "phone"]),
        AuditTrigger("business_project", "project_data"),
        AuditTrigger("business_contract", "contract_data"),
        AuditTrigger("business_contractchange", "contract_data"),
        AuditTrigger("business_payment", "payment_data"),
        AuditTrigger("business_lead", "lead_data", hidden=["name"]),
        AuditTrigger("business_satisfaction", "satisfaction_data", hidden=["comment"]),
    ]
