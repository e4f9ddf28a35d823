"""JSON of the business: the contract's fields, and id, agency and version beside them.

Money is a string with the agency's `currency` beside it, times are RFC 3339 in UTC; a time that is sent needs its
offset or Z, since nobody can tell whose clock it was read from. `client`, `project` and `contract` are sent as an id
(number) or a source id (text), and answered as {id, source_id, name}.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer, StrictInt, StrictStr

from business.queries.agencies import AgencyRow
from business.queries.clients import ClientRow
from business.queries.common import Ref
from business.queries.contracts import ChangeRow, ContractRow
from business.queries.leads import LeadRow
from business.queries.payments import PaymentRow
from business.queries.projects import ProjectRow
from business.queries.satisfaction import AnswerRow

Reference = StrictInt | StrictStr


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError('Send an amount as text, such as "1234.56".')
    # The shortest text of a float is what was written.
    return Decimal(repr(value)) if isinstance(value, float) else value


_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _text_time(value: Any) -> Any:
    # Beyond RFC 3339 the library reads numbers in text as seconds since 1970.
    if value is not None and not (isinstance(value, str) and _TIME.match(value)):
        raise ValueError("Send a time as RFC 3339 text with its offset or Z, such as 2026-03-02T14:30:00-03:00.")
    return value


def _aware(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("This time needs its offset or Z (RFC 3339), such as 2026-03-02T14:30:00-03:00.")
    return value


def _text_day(value: Any) -> Any:
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Send a day as text, such as 2026-03-02.")
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError('Send an amount as text, such as "1234.56".')
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_finite)]
Moment = Annotated[dt.datetime, BeforeValidator(_text_time), AfterValidator(_aware)]
Day = Annotated[dt.date, BeforeValidator(_text_day)]
Money = Annotated[Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str)]
Time = Annotated[
    dt.datetime,
    PlainSerializer(lambda value: value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"), return_type=str),
]


class Strict(Schema):
    """What is sent: an unknown field is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class New(Strict):
    agency: str | None = Field(None, description="Slug; may be left out by who writes in one agency only.")
    source_id: str | None = None


class Change(Strict):
    source_id: str | None = None
    version: str | None = Field(None, description="As read: 409 when the row has changed since.")


class ReferenceOut(Schema):
    id: int
    source_id: str
    name: str


class Out(Schema):
    id: int
    agency: str
    source_id: str
    version: str


class Listed(Schema):
    next: str | None


# ---- agencies -----------------------------------------------------------------------------------
class AgencyIn(Strict):
    slug: str
    name: str
    timezone: str | None = None
    currency: str | None = None


class AgencyChange(Strict):
    slug: str | None = None
    name: str | None = None
    timezone: str | None = None
    currency: str | None = None


class AgencyOut(Schema):
    id: int
    slug: str
    name: str
    timezone: str
    currency: str
    is_demo: bool
    created_at: Time
    archived_at: Time | None


# ---- clients ------------------------------------------------------------------------------------
class _Client(Schema):
    email: str | None = None
    phone: str | None = None
    document: str | None = Field(None, description="CPF or CNPJ, checked.")
    city: str | None = None
    state: str | None = None
    status: str | None = Field(None, description="active or archived.")
    archived_at: Moment | None = None
    whatsapp_opt_in_at: Moment | None = None
    whatsapp_opt_in_source: str | None = None


class ClientIn(_Client, New):
    name: str
    created_at: Moment | None = None


class ClientChange(_Client, Change):
    name: str | None = None
    created_at: Moment | None = None


class ClientOut(Out):
    name: str
    email: str
    phone: str
    document: str
    city: str
    state: str
    status: str
    created_at: Time
    archived_at: Time | None
    whatsapp_opt_in_at: Time | None
    whatsapp_opt_in_source: str


# ---- projects -----------------------------------------------------------------------------------
class _Project(Schema):
    client: Reference | None = None
    value: Amount | None = None
    created_at: Moment | None = None
    deadline: Day | None = None
    completed_at: Moment | None = None
    cancelled_at: Moment | None = None


class ProjectIn(_Project, New):
    name: str
    status: str = Field("active", description="draft, active, paused, completed or cancelled.")


class ProjectChange(_Project, Change):
    name: str | None = None
    status: str | None = Field(None, description="Only a status that may follow the present one.")


class ProjectOut(Out):
    client: ReferenceOut | None
    name: str
    status: str
    value: Money | None
    currency: str
    created_at: Time
    deadline: dt.date | None
    completed_at: Time | None
    cancelled_at: Time | None


# ---- contracts ----------------------------------------------------------------------------------
class ContractIn(New):
    client: Reference
    name: str | None = None
    amount: Amount
    interval: str = Field(description="monthly, quarterly or annual.")
    start: Day
    end: Day | None = None


class ContractChange(Change):
    client: Reference | None = None
    name: str | None = None
    amount: Amount | None = Field(None, description="That of its start; later ones are contract_changes.")
    interval: str | None = None
    start: Day | None = None
    end: Day | None = None


class ContractOut(Out):
    client: ReferenceOut
    name: str
    amount: Money
    current_amount: Money
    currency: str
    interval: str
    start: dt.date
    end: dt.date | None


class AmountIn(New):
    contract: Reference
    effective_from: Day
    amount: Amount


class AmountChange(Change):
    effective_from: Day | None = None
    amount: Amount | None = None


class AmountOut(Out):
    contract: ReferenceOut
    effective_from: dt.date
    amount: Money
    currency: str


# ---- payments -----------------------------------------------------------------------------------
class _Payment(Schema):
    client: Reference | None = None
    project: Reference | None = None
    contract: Reference | None = None
    due_at: Moment | None = None
    paid_at: Moment | None = Field(None, description="null: not yet paid.")
    method: str | None = None
    refunded_at: Moment | None = None
    refunded_amount: Amount | None = None


class PaymentIn(_Payment, New):
    amount: Amount


class PaymentChange(_Payment, Change):
    amount: Amount | None = None


class PaymentOut(Out):
    client: ReferenceOut | None
    project: ReferenceOut | None
    contract: ReferenceOut | None
    amount: Money
    currency: str
    status: str = Field(description="paid, due, overdue, unpaid (no day known), refunded or refunded_part.")
    due_at: Time | None
    paid_at: Time | None
    method: str
    refunded_at: Time | None
    refunded_amount: Money | None


# ---- leads --------------------------------------------------------------------------------------
class _Lead(Schema):
    name: str | None = None
    source: str | None = None
    created_at: Moment | None = None
    closed_at: Moment | None = None
    client: Reference | None = None


class LeadIn(_Lead, New):
    outcome: str = Field("open", description="open, won or lost.")


class LeadChange(_Lead, Change):
    outcome: str | None = None


class LeadOut(Out):
    name: str
    source: str
    created_at: Time
    outcome: str
    closed_at: Time | None
    client: ReferenceOut | None


# ---- satisfaction -------------------------------------------------------------------------------
class AnswerIn(New):
    client: Reference | None = None
    project: Reference | None = None
    score: int = Field(strict=True, description="1 (worst) to 5 (best).")
    comment: str | None = None
    answered_at: Moment


class AnswerChange(Change):
    client: Reference | None = None
    project: Reference | None = None
    score: int | None = Field(None, strict=True)
    comment: str | None = None
    answered_at: Moment | None = None


class AnswerOut(Out):
    client: ReferenceOut | None
    project: ReferenceOut | None
    score: int
    comment: str
    answered_at: Time


class Agencies(Listed):
    items: list[AgencyOut]


class Clients(Listed):
    items: list[ClientOut]


class Projects(Listed):
    items: list[ProjectOut]


class Contracts(Listed):
    items: list[ContractOut]


class Amounts(Listed):
    items: list[AmountOut]


class Payments(Listed):
    items: list[PaymentOut]


class Leads(Listed):
    items: list[LeadOut]


class Answers(Listed):
    items: list[AnswerOut]


type Row = AgencyRow | ClientRow | ProjectRow | ContractRow | ChangeRow | PaymentRow | LeadRow | AnswerRow


def out(row: Row) -> dict[str, Any]:
    """A row as JSON names it."""
    found = {name: getattr(row, name) for name in row.__dataclass_fields__}
    if isinstance(row, AgencyRow):
        return found
    found["agency"] = row.agency.slug
    found["currency"] = row.agency.currency
    if isinstance(row, ContractRow):
        found["current_amount"] = row.current
        found["name"] = "" if row.name == f"#{row.id}" else row.name
    if isinstance(row, PaymentRow):
        found["status"] = row.state
    return {name: _reference(value) if isinstance(value, Ref) else value for name, value in found.items()}


def _reference(value: Ref) -> dict[str, Any]:
    return {"id": value.id, "source_id": value.source_id, "name": value.name}
