"""The business over JSON: who may, what is answered, what is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from business.models import Client, Lead, Payment, Project
from core.models import Agency, AuditEvent, Event, User
from tests.business import factories as make

pytestmark = pytest.mark.django_db
ENTITIES = (
    "clients",
    "projects",
    "contracts",
    "contract_changes",
    "payments",
    "leads",
    "satisfaction",
)
Call = Callable[..., Any]


@pytest.fixture
def call(make_token: Callable[..., str]) -> Call:
    """`call(user, "post", "clients", {...})`: the answer of `/api/business/clients`, asked with a token."""
    tokens: dict[tuple[int, tuple[str, ...]], str] = {}

    def ask(user: User, method: str, path: str, body: Any = None, *, scopes: tuple[str, ...] = (), **query: Any) -> Any:
        key = (user.pk, scopes)
        if key not in tokens:
            tokens[key] = make_token(user, *scopes)
        headers = {"Authorization": f"Bearer {tokens[key]}"}
        url = f"/api/business/{path}"
        if method == "get":
            return Browser().get(url, query, headers=headers)
        return getattr(Browser(), method)(url, json.dumps(body), content_type="application/json", headers=headers)

    return ask


def one_of_each(agency: Agency) -> dict[str, int]:
    client = make.make_client(agency, name="Padaria São José", source_id="C-1", email="ana@padaria.example")
    project = make.make_project(agency, client=client, source_id="P-1", name="Site de verão")
    contract = make.make_contract(agency, client=client, source_id="K-1")
    change = make.make_change(contract, dt.date(2026, 3, 1), "600.00")
    return {
        "clients": client.pk,
        "projects": project.pk,
        "contracts": contract.pk,
        "contract_changes": change.pk,
        "payments": make.make_payment(agency, client=client, project=project).pk,
        "leads": make.make_lead(agency, name="Ótica Boa Vista").pk,
        "satisfaction": make.make_answer(agency, client=client, comment="Ótimo").pk,
    }


NEW: dict[str, dict[str, Any]] = {
    "clients": {"name": "Ana"},
    "projects": {"name": "Site", "status": "active", "created_at": "2026-03-01T12:00:00Z"},
    "contracts": {"client": "C-1", "amount": "500.00", "interval": "monthly", "start": "2026-01-01"},
    "contract_changes": {"contract": "K-1", "effective_from": "2026-04-01", "amount": "650.00"},
    "payments": {"amount": "120.50", "client": "C-1"},
    "leads": {"name": "Bia", "source": "site", "created_at": "2026-03-01T12:00:00Z", "outcome": "open"},
    "satisfaction": {"score": 4, "answered_at": "2026-03-01T12:00:00Z"},
}


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_list_and_a_row_have_the_same_object(call: Call, agency: Agency, viewer_user: User, entity: str) -> None:
    ids = one_of_each(agency)
    answer = call(viewer_user, "get", entity)
    assert answer.status_code == 200, answer.content
    (item,) = answer.json()["items"]
    assert item["id"] == ids[entity]
    assert item["agency"] == "mare"
    assert answer.json()["next"] is None
    assert call(viewer_user, "get", f"{entity}/{ids[entity]}").json() == item


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_admin_creates_and_reads_back(call: Call, agency: Agency, agency_admin: User, entity: str) -> None:
    one_of_each(agency)
    answer = call(agency_admin, "post", entity, NEW[entity])
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert call(agency_admin, "get", f"{entity}/{row['id']}").json() == row


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_viewer_may_not_write(call: Call, agency: Agency, viewer_user: User, entity: str) -> None:
    ids = one_of_each(agency)
    assert call(viewer_user, "post", entity, NEW[entity]).status_code == 403
    assert call(viewer_user, "patch", f"{entity}/{ids[entity]}", {"source_id": "X"}).status_code == 403


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_token_that_reads_does_not_write(call: Call, agency: Agency, agency_admin: User, entity: str) -> None:
    ids = one_of_each(agency)
    assert call(agency_admin, "get", entity, scopes=("business",)).status_code == 200
    assert call(agency_admin, "post", entity, NEW[entity], scopes=("business",)).status_code == 403
    change = {"source_id": "X"}
    path = f"{entity}/{ids[entity]}"
    assert call(agency_admin, "patch", path, change, scopes=("business",)).status_code == 403
    assert call(agency_admin, "patch", path, change, scopes=("business:write",)).status_code == 200


@pytest.mark.parametrize("entity", ENTITIES)
def test_who_has_no_part_in_the_business_is_refused(call: Call, agency: Agency, dpo: User, entity: str) -> None:
    ids = one_of_each(agency)
    assert call(dpo, "get", entity).status_code == 403
    assert call(dpo, "get", f"{entity}/{ids[entity]}").status_code == 403
    assert Browser().get(f"/api/business/{entity}").status_code == 401


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_outsider_finds_and_changes_nothing(call: Call, agency: Agency, outsider: User, entity: str) -> None:
    ids = one_of_each(agency)
    assert call(outsider, "get", entity).json()["items"] == []
    assert call(outsider, "get", f"{entity}/{ids[entity]}").status_code == 404
    assert call(outsider, "patch", f"{entity}/{ids[entity]}", {"source_id": "X"}).status_code == 404
    assert call(outsider, "get", entity, agency="mare").status_code == 404
    assert call(outsider, "post", entity, {**NEW[entity], "agency": "mare"}).status_code == 404


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_unknown_field_is_refused(call: Call, agency: Agency, agency_admin: User, entity: str) -> None:
    ids = one_of_each(agency)
    answer = call(agency_admin, "patch", f"{entity}/{ids[entity]}", {"nome": "x"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "nome"
    assert call(agency_admin, "post", entity, {**NEW[entity], "nome": "x"}).status_code == 422


def test_a_reference_to_another_agency_is_not_found(
    call: Call, agency: Agency, other_agency: Agency, agency_admin: User
) -> None:
    theirs = make.make_client(other_agency, source_id="C-9")
    for named in (theirs.pk, "C-9", str(theirs.pk)):
        answer = call(agency_admin, "post", "payments", {"amount": "1.00", "client": named})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "client"


def test_a_reference_is_an_id_or_a_source_id(call: Call, agency: Agency, agency_admin: User) -> None:
    client = make.make_client(agency, source_id="C-9", name="Bia")
    for named in (client.pk, "C-9"):
        answer = call(agency_admin, "post", "payments", {"amount": "1.00", "client": named})
        assert answer.json()["client"] == {"id": client.pk, "source_id": "C-9", "name": "Bia"}


def test_who_writes_in_several_agencies_must_name_one(
    call: Call, agency: Agency, other_agency: Agency, admin: User
) -> None:
    assert call(admin, "post", "clients", {"name": "Ana"}).status_code == 422
    assert call(admin, "post", "clients", {"name": "Ana", "agency": "ipe"}).json()["agency"] == "ipe"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document", "529.982.247-26"),
        ("document", "111.111.111-11"),
        ("email", "ana@"),
        ("phone", "telefone"),
        ("name", ""),
        ("name", "a\u0000b"),
        ("name", "x" * 201),
        ("status", "gone"),
        ("created_at", "yesterday"),
        ("created_at", 12),
    ],
)
def test_a_wrong_value_of_a_client_is_named(
    call: Call, agency: Agency, agency_admin: User, field: str, value: Any
) -> None:
    answer = call(agency_admin, "post", "clients", {"name": "Ana", field: value})
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("sent", ["2026-03-02T10:00:00", "2026-03-02 10:00:00", "2026-03-02", "1772456400"])
@pytest.mark.parametrize(
    ("path", "field"), [("payments", "paid_at"), ("clients", "whatsapp_opt_in_at"), ("satisfaction", "answered_at")]
)
def test_a_time_without_its_offset_is_refused(
    call: Call, agency: Agency, agency_admin: User, path: str, field: str, sent: str
) -> None:
    needed: dict[str, Any] = {"payments": {"amount": "1"}, "clients": {"name": "Ana"}, "satisfaction": {"score": 5}}
    row = one_of_each(agency)[path]
    for method, url in (("post", path), ("patch", f"{path}/{row}")):
        answer = call(agency_admin, method, url, {**(needed[path] if method == "post" else {}), field: sent})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert "offset or Z" in error["message"]


@pytest.mark.parametrize("day", ["2026-03-02T00:00:00Z", "1772409600", "02/03/2026", 5])
def test_a_day_is_a_day(call: Call, agency: Agency, agency_admin: User, day: Any) -> None:
    answer = call(agency_admin, "post", "projects", {"name": "Site", "deadline": day})
    assert [error["field"] for error in answer.json()["errors"]] == ["deadline"]


def test_every_body_refuses_a_field_that_it_does_not_know(
    call: Call, admin: User, client_as: Callable[[User], Browser]
) -> None:
    document = client_as(admin).get("/api/openapi.json").json()
    bodies = {
        f"{method} {path}": operation["requestBody"]["content"]["application/json"]["schema"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    assert len(bodies) >= 16
    open_ = []
    for name, body in bodies.items():
        schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        if schema.get("additionalProperties") is not False:
            open_.append(name)
    assert not open_


@pytest.mark.parametrize("amount", ["-1", "0.005", "NaN", "Infinity", "1e20", "abc", True, None, [], "1" * 40])
def test_a_wrong_amount_is_refused(call: Call, agency: Agency, agency_admin: User, amount: Any) -> None:
    answer = call(agency_admin, "post", "payments", {"amount": amount})
    assert answer.status_code == 422, answer.content
    assert "amount" in {error["field"] for error in answer.json()["errors"]}


def test_values_are_normalised(call: Call, agency: Agency, agency_admin: User) -> None:
    sent = {
        "name": "  Ana ",
        "document": "52998224725",
        "phone": "(11) 98765-4321",
        "email": "Ana@EXAMPLE.com",
    }
    row = call(agency_admin, "post", "clients", sent).json()
    assert (row["name"], row["document"], row["phone"], row["email"]) == (
        "Ana",
        "529.982.247-25",
        "+5511987654321",
        "Ana@example.com",
    )
    payment = call(agency_admin, "post", "payments", {"amount": 10.1, "paid_at": "2026-03-02T10:00:00-03:00"}).json()
    assert payment["amount"] == "10.10"
    assert payment["currency"] == "BRL"
    assert payment["paid_at"] == "2026-03-02T13:00:00Z"
    assert call(agency_admin, "post", "clients", {"name": "B", "document": "12ABC34501DE35"}).status_code == 201


def test_a_source_id_is_used_once_in_an_agency(
    call: Call, agency: Agency, other_agency: Agency, agency_admin: User, outsider: User
) -> None:
    assert call(agency_admin, "post", "clients", {"name": "Ana", "source_id": "1"}).status_code == 201
    answer = call(agency_admin, "post", "clients", {"name": "Bia", "source_id": "1"})
    assert answer.json()["errors"][0]["field"] == "source_id"
    assert call(outsider, "post", "clients", {"name": "Bia", "source_id": "1"}).status_code == 201


def test_a_lost_update_is_told_with_both_values(call: Call, agency: Agency, agency_admin: User) -> None:
    row = call(agency_admin, "post", "clients", {"name": "Ana"}).json()
    path = f"clients/{row['id']}"
    first = call(agency_admin, "patch", path, {"name": "Bia", "version": row["version"]})
    assert first.status_code == 200
    assert first.json()["version"] != row["version"]
    answer = call(agency_admin, "patch", path, {"name": "Caio", "version": row["version"]})
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert (error["field"], error["stored"], error["given"]) == ("name", "Bia", "Caio")
    assert Client.objects.get().name == "Bia"


def test_archiving_is_a_status_and_can_be_taken_back(call: Call, agency: Agency, agency_admin: User) -> None:
    row = make.make_client(agency)
    archived = call(agency_admin, "patch", f"clients/{row.pk}", {"status": "archived"}).json()
    assert archived["archived_at"] is not None
    assert call(agency_admin, "patch", f"clients/{row.pk}", {"status": "active"}).json()["archived_at"] is None
    assert [e.type for e in Event.objects.order_by("pk")] == ["client.archived", "client.unarchived"]
    assert call(agency_admin, "delete", f"clients/{row.pk}").status_code == 405


def test_a_project_goes_only_where_its_status_allows(call: Call, agency: Agency, agency_admin: User) -> None:
    row = call(agency_admin, "post", "projects", {"name": "Site", "status": "draft"}).json()
    path = f"projects/{row['id']}"
    assert call(agency_admin, "patch", path, {"status": "completed"}).status_code == 422
    assert call(agency_admin, "patch", path, {"status": "active"}).status_code == 200
    done = call(agency_admin, "patch", path, {"status": "completed"}).json()
    assert done["completed_at"] is not None
    assert call(agency_admin, "patch", path, {"status": "active"}).json()["completed_at"] is None
    project = Project.objects.get()
    assert [(c.from_status, c.to_status) for c in project.status_changes.all()] == [
        ("", "draft"),
        ("draft", "active"),
        ("active", "completed"),
        ("completed", "active"),
    ]
    assert [e.type for e in Event.objects.order_by("pk")] == [
        "project.created",
        "project.status_changed",
        "project.status_changed",
        "project.completed",
        "project.status_changed",
    ]


def test_a_refund_needs_a_payment_and_is_no_more_than_it(call: Call, agency: Agency, agency_admin: User) -> None:
    due = make.make_payment(agency, paid_at=None, due_at=make.at("2026-03-01"))
    change = {"refunded_at": "2026-04-01T00:00:00Z", "refunded_amount": "10.00"}
    assert call(agency_admin, "patch", f"payments/{due.pk}", change).status_code == 422
    paid = make.make_payment(agency, amount="50.00", paid_at=make.at("2026-03-01"))
    too_much = {**change, "refunded_amount": "50.01"}
    assert call(agency_admin, "patch", f"payments/{paid.pk}", too_much).status_code == 422
    row = call(agency_admin, "patch", f"payments/{paid.pk}", change).json()
    assert (row["status"], row["refunded_amount"]) == ("refunded_part", "10.00")


def test_a_payment_is_of_its_projects_client(call: Call, agency: Agency, agency_admin: User) -> None:
    client, other = make.make_client(agency), make.make_client(agency)
    project = make.make_project(agency, client=client)
    row = call(agency_admin, "post", "payments", {"amount": "1.00", "project": project.pk}).json()
    assert row["client"]["id"] == client.pk
    wrong = {"amount": "1.00", "project": project.pk, "client": other.pk}
    assert call(agency_admin, "post", "payments", wrong).status_code == 422


def test_a_lead_is_closed_by_its_outcome(call: Call, agency: Agency, agency_admin: User) -> None:
    row = make.make_lead(agency)
    won = call(agency_admin, "patch", f"leads/{row.pk}", {"outcome": "won"}).json()
    assert won["closed_at"] is not None
    assert call(agency_admin, "patch", f"leads/{row.pk}", {"outcome": "open"}).json()["closed_at"] is None
    wrong = {"outcome": "open", "closed_at": "2026-01-01T00:00:00Z"}
    assert call(agency_admin, "patch", f"leads/{row.pk}", wrong).status_code == 422
    assert Lead.objects.get().outcome == "open"


def test_a_change_of_amount_lies_inside_its_contract(call: Call, agency: Agency, agency_admin: User) -> None:
    contract = make.make_contract(agency, start=dt.date(2026, 1, 1), end=dt.date(2026, 12, 31))
    for day in ("2025-12-31", "2027-01-01"):
        sent = {"contract": contract.pk, "effective_from": day, "amount": "1.00"}
        assert call(agency_admin, "post", "contract_changes", sent).status_code == 422
    sent = {"contract": contract.pk, "effective_from": "2026-02-01", "amount": "700.00"}
    assert call(agency_admin, "post", "contract_changes", sent).status_code == 201
    assert call(agency_admin, "post", "contract_changes", sent).status_code == 422
    assert call(agency_admin, "get", f"contracts/{contract.pk}").json()["current_amount"] == "700.00"


def test_only_the_groups_admin_makes_agencies(call: Call, agency: Agency, admin: User, agency_admin: User) -> None:
    sent = {"slug": "nova", "name": "Nova", "currency": "USD"}
    assert call(agency_admin, "post", "agencies", sent).status_code == 403
    assert call(admin, "post", "agencies", sent).status_code == 201
    assert call(admin, "post", "agencies", sent).status_code == 422
    assert [row["slug"] for row in call(agency_admin, "get", "agencies").json()["items"]] == ["mare"]
    assert call(agency_admin, "get", "agencies/nova").status_code == 404
    assert call(agency_admin, "patch", "agencies/mare", {"name": "Maré"}).json()["name"] == "Maré"
    assert call(agency_admin, "patch", "agencies/mare", {"timezone": "Mars/Base"}).status_code == 422
    make.make_payment(agency)
    assert call(agency_admin, "patch", "agencies/mare", {"currency": "USD"}).status_code == 422


def test_every_row_is_met_once_through_the_cursors(call: Call, agency: Agency, viewer_user: User) -> None:
    wanted = {make.make_client(agency, name=name).pk for name in ("Ágata", "Bia", "ana", "Zé", "Édson", "bia", "Caio")}
    seen: list[str] = []
    ids: list[int] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = call(viewer_user, "get", "clients", **query).json()
        seen += [row["name"] for row in answer["items"]]
        ids += [row["id"] for row in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == ["Ágata", "ana", "Bia", "bia", "Caio", "Édson", "Zé"]
    assert set(ids) == wanted


def test_a_cursor_is_bound_to_its_list(call: Call, agency: Agency, viewer_user: User) -> None:
    for _number in range(3):
        make.make_client(agency)
    cursor = call(viewer_user, "get", "clients", limit=1).json()["next"]
    assert call(viewer_user, "get", "clients", limit=1, cursor=cursor).status_code == 200
    for query in ({"status": "active"}, {"q": "client"}, {"sort": "-created_at"}, {"agency": "mare"}):
        assert call(viewer_user, "get", "clients", cursor=cursor, **query).status_code == 400
    assert call(viewer_user, "get", "projects", cursor=cursor).status_code == 400
    assert call(viewer_user, "get", "clients", cursor=cursor[:-2] + "xx").status_code == 400


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"sort": "phone"}, {"status": "gone"}, {"created_from": "x"}]
)
def test_a_wrong_parameter_is_refused(call: Call, agency: Agency, viewer_user: User, query: dict[str, Any]) -> None:
    assert call(viewer_user, "get", "clients", **query).status_code == 422


def test_filters_narrow_a_list(call: Call, agency: Agency, viewer_user: User) -> None:
    client = make.make_client(agency, source_id="C-1")
    make.make_payment(agency, client=client, amount="1.00", paid_at=make.at("2026-03-31 23:30"))
    make.make_payment(agency, amount="2.00", paid_at=None, due_at=make.at("2026-03-10"))
    make.make_payment(agency, amount="3.00", paid_at=None, due_at=make.at("2999-03-10") if False else None)
    refunded = make.at("2026-05-01")
    make.make_payment(
        agency, amount="4.00", paid_at=make.at("2026-04-01"), refunded_at=refunded, refunded_amount="4.00"
    )

    def amounts(**query: Any) -> list[str]:
        found = call(viewer_user, "get", "payments", sort="amount", **query).json()["items"]
        return [row["amount"] for row in found]

    assert amounts(client="C-1") == ["1.00"]
    assert amounts(client=client.pk) == ["1.00"]
    assert amounts(client="none") == []
    assert amounts(status="paid") == ["1.00", "4.00"]
    assert amounts(status="unpaid") == ["2.00", "3.00"]
    assert amounts(status="overdue") == ["2.00"]
    assert amounts(status="refunded") == ["4.00"]
    # 23:30 in São Paulo is April in UTC.
    assert amounts(**{"from": "2026-03-31", "to": "2026-03-31"}) == ["1.00"]


@pytest.mark.parametrize(
    "text",
    [
        "sao jose",
        "SÃO",
        "padaria josé",
        "jose pad",
        "ana@padaria",
        "98765-4321",
        "(11) 98765",
        "529.982.247-25",
        "52998224725",
        "c-1",
    ],
)
def test_search_finds_a_client(call: Call, agency: Agency, agency_admin: User, text: str) -> None:
    sent = {
        "name": "Padaria São José",
        "source_id": "C-1",
        "email": "ana@padaria.example",
        "phone": "11 98765-4321",
        "document": "529.982.247-25",
    }
    call(agency_admin, "post", "clients", sent)
    make.make_client(agency, name="Ótica Boa Vista")
    found = call(agency_admin, "get", "clients", q=text).json()["items"]
    assert [row["name"] for row in found] == ["Padaria São José"]


@pytest.mark.parametrize("text", ["'", "\\", "a & b", "!", "% _", ":*", "x" * 300, "(((", "'; drop"])
def test_search_takes_any_text(call: Call, agency: Agency, viewer_user: User, text: str) -> None:
    one_of_each(agency)
    for entity in ENTITIES:
        assert call(viewer_user, "get", entity, q=text).status_code == 200


def test_search_finds_by_client_source_and_amount(call: Call, agency: Agency, viewer_user: User) -> None:
    ids = one_of_each(agency)
    for entity, text in [
        ("projects", "verao"),
        ("projects", "padaria"),
        ("contracts", "jose"),
        ("payments", "padaria"),
        ("payments", "100,00"),
        ("leads", "otica"),
        ("satisfaction", "padaria"),
    ]:
        found = call(viewer_user, "get", entity, q=text).json()["items"]
        assert [row["id"] for row in found] == [ids[entity]], (entity, text)
        assert call(viewer_user, "get", entity, q="nothing").json()["items"] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("site acme", ["Site da loja"]),
        ("acme site", ["Site da loja"]),
        ("ACMÉ lója site", ["Site da loja"]),
        ("site", ["Site da loja", "Site novo"]),
        ("acme", ["Logotipo", "Site da loja"]),
        ("site novo acme", []),
        ("site zebra", []),
        ("site ana@acme.example", ["Site da loja"]),
        ("novo", ["Site novo"]),
    ],
)
@pytest.mark.parametrize("others", [0, 300])
def test_words_of_project_and_client_mix(
    call: Call, agency: Agency, viewer_user: User, text: str, found: list[str], others: int
) -> None:
    acme = make.make_client(agency, name="Acme", email="ana@acme.example")
    make.make_project(agency, name="Site da loja", client=acme, created_at=make.at("2025-01-02"))
    make.make_project(agency, name="Logotipo", client=acme, created_at=make.at("2025-01-01"))
    make.make_project(agency, name="Site novo", client=None, created_at=make.at("2025-01-03"))
    # With many newer rows a match is not among the next of the list.
    Project.objects.bulk_create(
        [Project(agency=agency, name=f"Outro {n}", created_at=make.at("2026-01-01")) for n in range(others)]
    )
    names = [row["name"] for row in call(viewer_user, "get", "projects", q=text).json()["items"]]
    assert sorted(names) == found


@pytest.mark.parametrize("word", ["comum", "comum acme", "raro"])
def test_the_pages_of_a_search_hold_each_match_once(call: Call, agency: Agency, viewer_user: User, word: str) -> None:
    acme = make.make_client(agency, name="Acme")
    made = Project.objects.bulk_create(
        Project(
            agency=agency,
            client=acme if n % 3 else None,
            # First most rows are called so, then few: both ways of looking take part.
            name=f"{'comum' if n < 200 or n % 7 == 0 else 'outro'} {'raro' if n % 50 == 0 else ''}",
            created_at=make.at("2026-01-01") - dt.timedelta(hours=n // 4),
        )
        for n in range(700)
    )
    words = word.split()
    expected = [
        row.pk
        for row in sorted(made, key=lambda row: (row.created_at, row.pk), reverse=True)
        if all(w in row.name or (w == "acme" and row.client_id) for w in words)
    ]
    got: list[int] = []
    cursor = None
    while True:
        answer = call(viewer_user, "get", "projects", q=word, limit=20, **({"cursor": cursor} if cursor else {})).json()
        got += [row["id"] for row in answer["items"]]
        if (cursor := answer["next"]) is None:
            break
    assert got == expected


def test_reading_a_client_is_in_the_trail_without_its_values(call: Call, agency: Agency, agency_admin: User) -> None:
    sent = {"name": "Zoraide Quixote", "email": "zoraide@example.com", "document": "529.982.247-25"}
    row = call(agency_admin, "post", "clients", sent).json()
    call(agency_admin, "get", f"clients/{row['id']}")
    call(agency_admin, "get", "clients")
    call(agency_admin, "patch", f"clients/{row['id']}", {"name": "Zoraide Panza"})
    events = list(AuditEvent.objects.filter(resource_type="client_data").order_by("id"))
    assert [event.action for event in events] == ["data_create", "data_access", "data_access", "data_update"]
    assert all(event.agency_id == agency.pk and event.actor_id == agency_admin.pk for event in events)
    assert events[1].resource_id == str(row["id"])
    assert events[2].diff == {"rows": 1, "as": "api"}
    text = json.dumps([event.diff for event in events]) + json.dumps([e.data for e in Event.objects.all()])
    for value in ("Zoraide", "zoraide", "529"):
        assert value not in text


def test_what_is_refused_leaves_no_event(call: Call, agency: Agency, agency_admin: User) -> None:
    call(agency_admin, "post", "clients", {"name": "Ana", "document": "1"})
    row = make.make_payment(agency, paid_at=None)
    call(agency_admin, "patch", f"payments/{row.pk}", {"refunded_amount": "1.00"})
    assert Event.objects.count() == 0
    assert Payment.objects.get().refunded_amount is None


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_full_list_takes_few_queries(call: Call, agency: Agency, viewer_user: User, entity: str) -> None:
    for _number in range(12):
        client = make.make_client(agency)
        contract = make.make_contract(agency, client=client)
        make.make_change(contract, dt.date(2026, 2, 1), "1.00")
        project = make.make_project(agency, client=client)
        make.make_payment(agency, client=client, project=project)
        make.make_lead(agency, client=client)
        make.make_answer(agency, client=client, project=project)
    call(viewer_user, "get", entity)
    with CaptureQueriesContext(connection) as queries:
        assert len(call(viewer_user, "get", entity).json()["items"]) == 12
    assert len(queries) <= 7
