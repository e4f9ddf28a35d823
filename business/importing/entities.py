"""What can be imported: the fields of each entity as the contract names them, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """How a cell is read and what is written."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    DOCUMENT = "document"
    CHOICE = "choice"
    MONEY = "money"
    INSTANT = "instant"
    DAY = "day"
    SCORE = "score"
    REFERENCE = "reference"


SQL_TYPES = {
    Kind.MONEY: "numeric",
    Kind.INSTANT: "timestamptz",
    Kind.DAY: "date",
    Kind.SCORE: "smallint",
    Kind.REFERENCE: "bigint",
}
# What an empty cell becomes; every other kind becomes null.
BLANK_IS_TEXT = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.DOCUMENT, Kind.CHOICE})


class Now:
    """Stands for the time of the import where a row has no value of its own."""


NOW = Now()


@dataclass(frozen=True)
class Field:
    """One field of an entity. `missing` is what a new row gets when the map leaves the field out."""

    name: str
    kind: Kind
    label: str | Promise
    required: bool = False
    longest: int = 0
    choices: tuple[str, ...] = ()
    # The entity whose source_id a reference names.
    of: str = ""
    missing: Any = None

    @property
    def column(self) -> str:
        return f"{self.name}_id" if self.kind is Kind.REFERENCE else self.name

    @property
    def sql_type(self) -> str:
        return SQL_TYPES.get(self.kind, "text")

    @property
    def when_missing(self) -> Any:
        if self.missing is not None:
            return self.missing
        return "" if self.kind in BLANK_IS_TEXT else None


@dataclass(frozen=True)
class Entity:
    """A table that rows are imported into. `key` is the column that finds a row again, within an agency
    unless `owned` is false."""

    name: str
    label: str | Promise
    table: str
    fields: tuple[Field, ...]
    key: str = "source_id"
    owned: bool = True

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        """Fields that a map must have: the key, and what a row cannot be without."""
        return tuple(field.name for field in self.fields if field.required)


_SOURCE = Field("source_id", Kind.TEXT, _("id at the source"), required=True, longest=100)
_CLIENT = Field("client", Kind.REFERENCE, _("client"), of="clients")
_PROJECT = Field("project", Kind.REFERENCE, _("project"), of="projects")
_CONTRACT = Field("contract", Kind.REFERENCE, _("contract"), of="contracts")

AGENCIES = Entity(
    "agencies",
    _("agencies"),
    "core_agency",
    (
        Field("slug", Kind.TEXT, _("short name"), required=True, longest=50),
        Field("name", Kind.TEXT, _("name"), required=True, longest=200),
        Field("timezone", Kind.TEXT, _("time zone"), longest=64, missing="America/Sao_Paulo"),
        Field("currency", Kind.TEXT, _("currency"), longest=3, missing="BRL"),
    ),
    key="slug",
    owned=False,
)
CLIENTS = Entity(
    "clients",
    _("clients"),
    "business_client",
    (
        _SOURCE,
        Field("name", Kind.TEXT, _("name"), required=True, longest=200),
        Field("email", Kind.EMAIL, _("e-mail"), longest=254),
        Field("phone", Kind.PHONE, _("phone"), longest=32),
        Field("document", Kind.DOCUMENT, _("CPF or CNPJ"), longest=18),
        Field("city", Kind.TEXT, _("city"), longest=120),
        Field("state", Kind.TEXT, _("state"), longest=60),
        Field("status", Kind.CHOICE, _("status"), choices=("active", "archived"), missing="active"),
        Field("created_at", Kind.INSTANT, _("created on"), missing=NOW),
        Field("archived_at", Kind.INSTANT, _("archived on")),
        Field("whatsapp_opt_in_at", Kind.INSTANT, _("WhatsApp consent")),
        Field("whatsapp_opt_in_source", Kind.TEXT, _("source of the consent"), longest=120),
    ),
)
PROJECTS = Entity(
    "projects",
    _("projects"),
    "business_project",
    (
        _SOURCE,
        _CLIENT,
        Field("name", Kind.TEXT, _("name"), required=True, longest=200),
        Field(
            "status",
            Kind.CHOICE,
            _("status"),
            required=True,
            choices=("draft", "active", "paused", "completed", "cancelled"),
        ),
        Field("value", Kind.MONEY, _("value")),
        Field("created_at", Kind.INSTANT, _("created on"), required=True),
        Field("deadline", Kind.DAY, _("deadline")),
        Field("completed_at", Kind.INSTANT, _("completed on")),
        Field("cancelled_at", Kind.INSTANT, _("cancelled on")),
    ),
)
CONTRACTS = Entity(
    "contracts",
    _("contracts"),
    "business_contract",
    (
        _SOURCE,
        Field("client", Kind.REFERENCE, _("client"), required=True, of="clients"),
        Field("name", Kind.TEXT, _("name"), longest=200),
        Field("amount", Kind.MONEY, _("amount"), required=True),
        Field("interval", Kind.CHOICE, _("interval"), required=True, choices=("monthly", "quarterly", "annual")),
        Field("start", Kind.DAY, _("start"), required=True),
        Field("end", Kind.DAY, _("end")),
    ),
)
CONTRACT_CHANGES = Entity(
    "contract_changes",
    _("changes of contracts' amounts"),
    "business_contractchange",
    (
        _SOURCE,
        Field("contract", Kind.REFERENCE, _("contract"), required=True, of="contracts"),
        Field("effective_from", Kind.DAY, _("effective from"), required=True),
        Field("amount", Kind.MONEY, _("amount"), required=True),
    ),
)
PAYMENTS = Entity(
    "payments",
    _("payments"),
    "business_payment",
    (
        _SOURCE,
        _CLIENT,
        _PROJECT,
        _CONTRACT,
        Field("amount", Kind.MONEY, _("amount"), required=True),
        Field("due_at", Kind.INSTANT, _("due on")),
        Field("paid_at", Kind.INSTANT, _("paid on")),
        Field("method", Kind.TEXT, _("method"), longest=40),
        Field("refunded_at", Kind.INSTANT, _("refunded on")),
        Field("refunded_amount", Kind.MONEY, _("refunded amount")),
    ),
)
LEADS = Entity(
    "leads",
    _("leads"),
    "business_lead",
    (
        _SOURCE,
        Field("name", Kind.TEXT, _("name"), longest=200),
        Field("source", Kind.TEXT, _("source"), longest=100),
        Field("created_at", Kind.INSTANT, _("created on"), required=True),
        Field("outcome", Kind.CHOICE, _("outcome"), required=True, choices=("open", "won", "lost")),
        Field("closed_at", Kind.INSTANT, _("closed on")),
        _CLIENT,
    ),
)
SATISFACTION = Entity(
    "satisfaction",
    _("satisfaction answers"),
    "business_satisfaction",
    (
        _SOURCE,
        _CLIENT,
        _PROJECT,
        Field("score", Kind.SCORE, _("score"), required=True),
        Field("comment", Kind.TEXT, _("comment"), longest=2000),
        Field("answered_at", Kind.INSTANT, _("answered on"), required=True),
    ),
)

# In the order in which a whole business is imported: what is named comes before what names it.
OF_AN_AGENCY = {
    entity.name: entity for entity in (CLIENTS, PROJECTS, CONTRACTS, CONTRACT_CHANGES, PAYMENTS, LEADS, SATISFACTION)
}
ENTITIES = {AGENCIES.name: AGENCIES, **OF_AN_AGENCY}
