"""Operations of `/api/business`. Every entity has the same four: list, read, create, change."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Status

from business.actions import access, agencies, clients, contracts, leads, payments, projects, satisfaction
from business.api import schemas as s
from business.api.common import ListParameters, changes, listed, listing_errors, new_values
from business.queries import agencies as read_agencies
from business.queries import clients as read_clients
from business.queries import contracts as read_contracts
from business.queries import leads as read_leads
from business.queries import payments as read_payments
from business.queries import projects as read_projects
from business.queries import satisfaction as read_satisfaction
from core.api.auth import viewer_of_request

router = Router()


# ---- agencies -----------------------------------------------------------------------------------
@router.get("/agencies", response=s.Agencies, summary="Agencies")
def list_agencies(request: HttpRequest, params: Query[ListParameters]) -> dict[str, Any]:
    with listing_errors():
        found = read_agencies.page(viewer_of_request(request), read_agencies.LISTING.parse(request))
    return {"items": [s.out(row) for row in found.rows], "next": found.next}


@router.get("/agencies/{slug}", response=s.AgencyOut, summary="One agency, by slug or id")
def get_agency(request: HttpRequest, slug: str) -> dict[str, Any]:
    return s.out(read_agencies.agency(viewer_of_request(request), slug))


@router.post("/agencies", response={201: s.AgencyOut}, summary="Create an agency")
def create_agency(request: HttpRequest, payload: s.AgencyIn) -> Status[dict[str, Any]]:
    """For admins of the whole group."""
    row = agencies.create(viewer_of_request(request), payload.model_dump(exclude_unset=True))
    return Status(201, s.out(read_agencies.make(row)))


@router.patch("/agencies/{slug}", response=s.AgencyOut, summary="Change an agency")
def change_agency(request: HttpRequest, slug: str, payload: s.AgencyChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    found = read_agencies.agency(viewer, slug)
    row = agencies.edit(viewer, found.slug, payload.model_dump(exclude_unset=True))
    return s.out(read_agencies.make(row))


# ---- clients -------------------------------------------------------------------------------------
class ClientsParameters(ListParameters):
    status: str | None = None
    created_from: str | None = None
    created_to: str | None = None


@router.get("/clients", response=s.Clients, summary="Clients")
def list_clients(request: HttpRequest, params: Query[ClientsParameters]) -> dict[str, Any]:
    return listed(request, lambda shown: read_clients.LISTING, read_clients.listed, "client_data")


@router.get("/clients/{int:pk}", response=s.ClientOut, summary="One of the clients")
def get_client(request: HttpRequest, pk: int) -> dict[str, Any]:
    row = read_clients.client(viewer_of_request(request), pk)
    access.opened("client_data", row.id, row.agency.id)
    return s.out(row)


@router.post("/clients", response={201: s.ClientOut}, summary="Create one of the clients")
def create_client(request: HttpRequest, payload: s.ClientIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = clients.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_clients.client(viewer, made.pk)))


@router.patch("/clients/{int:pk}", response=s.ClientOut, summary="Change one of the clients")
def change_client(request: HttpRequest, pk: int, payload: s.ClientChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["name", "status", "created_at"])
    clients.edit(viewer, pk, given, payload.version)
    return s.out(read_clients.client(viewer, pk))


# ---- projects ------------------------------------------------------------------------------------
class ProjectsParameters(ListParameters):
    status: str | None = None
    client: str | None = None
    late: str | None = None
    created_from: str | None = None
    created_to: str | None = None


@router.get("/projects", response=s.Projects, summary="Projects")
def list_projects(request: HttpRequest, params: Query[ProjectsParameters]) -> dict[str, Any]:
    return listed(
        request,
        lambda shown: read_projects.LISTING,
        lambda query, shown: read_projects.page(query, shown, counted=False),
    )


@router.get("/projects/{int:pk}", response=s.ProjectOut, summary="One of the projects")
def get_project(request: HttpRequest, pk: int) -> dict[str, Any]:
    return s.out(read_projects.project(viewer_of_request(request), pk))


@router.post("/projects", response={201: s.ProjectOut}, summary="Create one of the projects")
def create_project(request: HttpRequest, payload: s.ProjectIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = projects.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_projects.project(viewer, made.pk)))


@router.patch("/projects/{int:pk}", response=s.ProjectOut, summary="Change one of the projects")
def change_project(request: HttpRequest, pk: int, payload: s.ProjectChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["name", "status", "created_at"])
    projects.edit(viewer, pk, given, payload.version)
    return s.out(read_projects.project(viewer, pk))


# ---- contracts -----------------------------------------------------------------------------------
class ContractsParameters(ListParameters):
    client: str | None = None
    state: str | None = None
    interval: str | None = None
    start_from: dt.date | None = None
    start_to: dt.date | None = None


@router.get("/contracts", response=s.Contracts, summary="Contracts")
def list_contracts(request: HttpRequest, params: Query[ContractsParameters]) -> dict[str, Any]:
    return listed(
        request,
        lambda shown: read_contracts.LISTING,
        lambda query, shown: read_contracts.page(query, shown, counted=False),
    )


@router.get("/contracts/{int:pk}", response=s.ContractOut, summary="One of the contracts")
def get_contract(request: HttpRequest, pk: int) -> dict[str, Any]:
    return s.out(read_contracts.contract(viewer_of_request(request), pk))


@router.post("/contracts", response={201: s.ContractOut}, summary="Create one of the contracts")
def create_contract(request: HttpRequest, payload: s.ContractIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = contracts.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_contracts.contract(viewer, made.pk)))


@router.patch("/contracts/{int:pk}", response=s.ContractOut, summary="Change one of the contracts")
def change_contract(request: HttpRequest, pk: int, payload: s.ContractChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["client", "amount", "interval", "start"])
    contracts.edit(viewer, pk, given, payload.version)
    return s.out(read_contracts.contract(viewer, pk))


# ---- contract_changes ----------------------------------------------------------------------------
class ContractChangesParameters(ListParameters):
    contract: str | None = None


@router.get("/contract_changes", response=s.Amounts, summary="Changes of a contract's amount")
def list_contract_changes(request: HttpRequest, params: Query[ContractChangesParameters]) -> dict[str, Any]:
    return listed(request, lambda shown: read_contracts.CHANGES, read_contracts.changes)


@router.get("/contract_changes/{int:pk}", response=s.AmountOut, summary="One of the changes of a contract's amount")
def get_amount(request: HttpRequest, pk: int) -> dict[str, Any]:
    return s.out(read_contracts.change(viewer_of_request(request), pk))


@router.post(
    "/contract_changes",
    response={201: s.AmountOut},
    summary="Create one of the changes of a contract's amount",
)
def create_amount(request: HttpRequest, payload: s.AmountIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = contracts.create_change(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_contracts.change(viewer, made.pk)))


@router.patch(
    "/contract_changes/{int:pk}",
    response=s.AmountOut,
    summary="Change one of the changes of a contract's amount",
)
def change_amount(request: HttpRequest, pk: int, payload: s.AmountChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["effective_from", "amount"])
    contracts.edit_change(viewer, pk, given, payload.version)
    return s.out(read_contracts.change(viewer, pk))


# ---- payments ------------------------------------------------------------------------------------
class PaymentsParameters(ListParameters):
    status: str | None = None
    client: str | None = None
    project: str | None = None
    contract: str | None = None
    method: str | None = None
    from_: str | None = Field(None, alias="from", description="Paid, else due, on or after this day.")
    to: str | None = None


@router.get("/payments", response=s.Payments, summary="Payments")
def list_payments(request: HttpRequest, params: Query[PaymentsParameters]) -> dict[str, Any]:
    return listed(
        request,
        lambda shown: read_payments.listing(shown.day_starts()),
        lambda query, shown: read_payments.page(query, shown, counted=False),
    )


@router.get("/payments/{int:pk}", response=s.PaymentOut, summary="One of the payments")
def get_payment(request: HttpRequest, pk: int) -> dict[str, Any]:
    return s.out(read_payments.payment(viewer_of_request(request), pk))


@router.post("/payments", response={201: s.PaymentOut}, summary="Create one of the payments")
def create_payment(request: HttpRequest, payload: s.PaymentIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = payments.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_payments.payment(viewer, made.pk)))


@router.patch("/payments/{int:pk}", response=s.PaymentOut, summary="Change one of the payments")
def change_payment(request: HttpRequest, pk: int, payload: s.PaymentChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["amount"])
    payments.edit(viewer, pk, given, payload.version)
    return s.out(read_payments.payment(viewer, pk))


# ---- leads ---------------------------------------------------------------------------------------
class LeadsParameters(ListParameters):
    outcome: str | None = None
    source: str | None = None
    client: str | None = None
    created_from: str | None = None
    created_to: str | None = None


@router.get("/leads", response=s.Leads, summary="Leads")
def list_leads(request: HttpRequest, params: Query[LeadsParameters]) -> dict[str, Any]:
    return listed(
        request,
        lambda shown: read_leads.LISTING,
        lambda query, shown: read_leads.page(query, shown, counted=False),
        "lead_data",
    )


@router.get("/leads/{int:pk}", response=s.LeadOut, summary="One of the leads")
def get_lead(request: HttpRequest, pk: int) -> dict[str, Any]:
    row = read_leads.lead(viewer_of_request(request), pk)
    access.opened("lead_data", row.id, row.agency.id)
    return s.out(row)


@router.post("/leads", response={201: s.LeadOut}, summary="Create one of the leads")
def create_lead(request: HttpRequest, payload: s.LeadIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = leads.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_leads.lead(viewer, made.pk)))


@router.patch("/leads/{int:pk}", response=s.LeadOut, summary="Change one of the leads")
def change_lead(request: HttpRequest, pk: int, payload: s.LeadChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["outcome", "created_at"])
    leads.edit(viewer, pk, given, payload.version)
    return s.out(read_leads.lead(viewer, pk))


# ---- satisfaction --------------------------------------------------------------------------------
class SatisfactionParameters(ListParameters):
    score: int | None = None
    client: str | None = None
    project: str | None = None
    answered_from: str | None = None
    answered_to: str | None = None


@router.get("/satisfaction", response=s.Answers, summary="Satisfaction answers")
def list_satisfaction(request: HttpRequest, params: Query[SatisfactionParameters]) -> dict[str, Any]:
    return listed(
        request,
        lambda shown: read_satisfaction.LISTING,
        lambda query, shown: read_satisfaction.page(query, shown, counted=False),
        "satisfaction_data",
    )


@router.get("/satisfaction/{int:pk}", response=s.AnswerOut, summary="One of the satisfaction answers")
def get_answer(request: HttpRequest, pk: int) -> dict[str, Any]:
    row = read_satisfaction.answer(viewer_of_request(request), pk)
    access.opened("satisfaction_data", row.id, row.agency.id)
    return s.out(row)


@router.post("/satisfaction", response={201: s.AnswerOut}, summary="Create one of the satisfaction answers")
def create_answer(request: HttpRequest, payload: s.AnswerIn) -> Status[dict[str, Any]]:
    viewer = viewer_of_request(request)
    made = satisfaction.create(viewer, payload.agency, new_values(payload))
    return Status(201, s.out(read_satisfaction.answer(viewer, made.pk)))


@router.patch("/satisfaction/{int:pk}", response=s.AnswerOut, summary="Change one of the satisfaction answers")
def change_answer(request: HttpRequest, pk: int, payload: s.AnswerChange) -> dict[str, Any]:
    viewer = viewer_of_request(request)
    given = changes(payload, ["score", "answered_at"])
    satisfaction.edit(viewer, pk, given, payload.version)
    return s.out(read_satisfaction.answer(viewer, pk))
