"""What is known of each client's activity, kept so that nobody has to read all payments to count clients.

Facts are a copy, never a source: whatever changes a payment, project or contract marks its client in the same
transaction (triggers of migration 0003), and a marked client is computed from its rows until it is refreshed.
A figure is therefore right at once after an import, and fast once the refresh has run.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from core.personal import DataMap


class _Multirange(models.Field):  # type: ignore[type-arg]
    """A column that only SQL reads."""

    def __init__(self, *, db_type: str, **options: Any) -> None:
        self._db_type = db_type
        super().__init__(**options)

    def db_type(self, connection: Any) -> str:
        return self._db_type

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "db_type": self._db_type}


class ClientFact(models.Model):
    """One client's activity.

    `first_at`: the first payment received or project created; `first_start`: the first day of a contract;
    `active`: when a project was open; `contracted`: days under contract. `paid`: ranges of payments that follow
    each other within 88 x 24 hours, each from its first until 88 x 24 hours after its last. That is shorter than
    90 days are on any calendar, so that the days of every time zone can be told from it.
    """

    client = models.OneToOneField(
        "business.Client", models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    agency_id = models.BigIntegerField()
    first_at = models.DateTimeField(null=True)
    first_start = models.DateField(null=True)
    active = _Multirange(db_type="tstzmultirange")
    paid = _Multirange(db_type="tstzmultirange")
    contracted = _Multirange(db_type="datemultirange")

    data_map: ClassVar[DataMap] = DataMap(resource_type="client_data", audited=False)


class StaleClient(models.Model):
    """A client whose facts are behind. A row for each change, never shared: a refresh removes just the rows
    that it saw, so that a change which commits meanwhile keeps its mark."""

    client_id = models.BigIntegerField()

    data_map: ClassVar[DataMap] = DataMap(resource_type="client_data", agency=None, audited=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client_id"], name="business_staleclient_client")]
