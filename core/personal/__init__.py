"""The data map: which columns hold personal data or secrets, declared on the model that has them.

`audit` triggers read the map (through the migration that installs them): a personal value or a secret is
written to the trail as "changed", never as itself. Requests of data subjects, erasure and the register of
processing read the same map. A test compares the installed triggers with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Category(StrEnum):
    IDENTITY = "identity"
    CONTACT = "contact"
    DOCUMENT = "document"
    LOCATION = "location"
    FINANCIAL = "financial"
    OPINION = "opinion"
    CREDENTIAL = "credential"
    BEHAVIOUR = "behaviour"


class Basis(StrEnum):
    """Legal bases: GDPR 6(1) and LGPD art. 7."""

    CONTRACT = "contract"
    CONSENT = "consent"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Erasure(StrEnum):
    DELETE = "delete"
    ANONYMISE = "anonymise"
    KEEP = "keep"


@dataclass(frozen=True)
class Personal:
    """One personal column. `retention_days` None: as long as the row is needed for its purpose."""

    category: Category
    purpose: str
    basis: Basis
    erasure: Erasure = Erasure.ANONYMISE
    retention_days: int | None = None
    export_name: str | None = None
    keep_because: str | None = None

    def __post_init__(self) -> None:
        if self.erasure is Erasure.KEEP and not self.keep_because:
            raise ValueError("what is kept at erasure must say why")


@dataclass(frozen=True)
class DataMap:
    """How a model is audited: `personal` and `secret` values never reach the trail; `ignored` changes alone
    are no event. `agency` names the column with the agency's id, None for what belongs to no agency.
    `action` is the family of the events: data, permission or config. `audited` False: not in the trail."""

    resource_type: str
    agency: str | None = "agency_id"
    personal: dict[str, Personal] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    action: str = "data"
    audited: bool = True
    # Columns that look personal by their name and are not, with the reason.
    not_personal: dict[str, str] = field(default_factory=dict)

    @property
    def hidden(self) -> frozenset[str]:
        return frozenset(self.personal) | self.secret


def mapped_models() -> dict[str, tuple[Any, DataMap]]:
    """Every model with a data map, by table name."""
    from django.apps import apps

    return {
        model._meta.db_table: (model, data_map)
        for model in apps.get_models()
        if isinstance(data_map := getattr(model, "data_map", None), DataMap)
    }
