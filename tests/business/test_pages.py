"""Pages of the business: who may, what shows, what a form refuses, what an act leaves behind."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from business.models import Client, Contract, ContractChange, Lead, Payment, Project, Satisfaction
from core.models import Agency, AuditEvent, Event, User
from tests.business import factories as make

pytestmark = pytest.mark.django_db
LISTS = ("clients", "projects", "contracts", "payments", "leads", "satisfaction")
SignIn = Callable[[User], Browser]


@pytest.fixture
def rows(agency: Agency) -> dict[str, int]:
    """One row of each list, with a client in common."""
    client = make.make_client(agency, name="Padaria São José", source_id="C-1", email="ana@padaria.example")
    project = make.make_project(agency, client=client, name="Site de verão")
    contract = make.make_contract(agency, client=client)
    make.make_change(contract, dt.date(2026, 3, 1), "600.00")
    return {
        "clients": client.pk,
        "projects": project.pk,
        "contracts": contract.pk,
        "payments": make.make_payment(agency, client=client, project=project).pk,
        "leads": make.make_lead(agency, name="Ótica Boa Vista").pk,
        "satisfaction": make.make_answer(agency, client=client, project=project, comment="Ótimo").pk,
    }


FORM_PAGES = [
    *[f"{name}/{{{name}}}/edit" for name in LISTS],
    "projects/{projects}/status",
    "contracts/{contracts}/amount",
    "contracts/{contracts}/end",
    "payments/{payments}/refund",
    "payments/{payments}/delete",
    "leads/{leads}/won",
    "leads/{leads}/lost",
    *[f"{name}/new" for name in LISTS],
]


@pytest.mark.parametrize("name", LISTS)
def test_who_reads_sees_lists_and_rows_without_buttons(
    client_as: SignIn, viewer_user: User, rows: dict[str, int], name: str
) -> None:
    browser = client_as(viewer_user)
    page = browser.get(f"/business/{name}")
    assert page.status_code == 200
    assert f"/business/{name}/{rows[name]}" in page.text
    assert "/new" not in page.text
    detail = browser.get(f"/business/{name}/{rows[name]}")
    assert detail.status_code == 200
    assert "/edit" not in detail.text
    assert '<form method="post" action="/business' not in detail.text


@pytest.mark.parametrize("path", FORM_PAGES)
def test_forms_open_for_admins_and_for_nobody_else(
    client_as: SignIn, agency_admin: User, viewer_user: User, outsider: User, rows: dict[str, int], path: str
) -> None:
    url = "/business/" + path.format(**rows)
    assert client_as(agency_admin).get(url).status_code == 200
    assert client_as(viewer_user).get(url).status_code == 403
    assert client_as(outsider).get(url).status_code == (200 if path.endswith("new") else 404)


@pytest.mark.parametrize("name", ["", *LISTS])
def test_the_dpo_has_no_part_in_the_business(client_as: SignIn, dpo: User, rows: dict[str, int], name: str) -> None:
    assert client_as(dpo).get(f"/business/{name}").status_code == 403
    assert Browser().get(f"/business/{name}").status_code == 302


@pytest.mark.parametrize("name", LISTS)
def test_an_outsider_finds_nothing(client_as: SignIn, outsider: User, rows: dict[str, int], name: str) -> None:
    browser = client_as(outsider)
    assert browser.get(f"/business/{name}/{rows[name]}").status_code == 404
    assert browser.get(f"/business/{name}", {"agency": "mare"}).status_code == 404
    assert browser.get(f"/business/{name}/new", {"agency": "mare"}).status_code == 404
    for query in ({}, {"q": "padaria"}, {"client": rows["clients"]}, {"format": "csv"}):
        response = browser.get(f"/business/{name}", query)
        text = b"".join(response).decode() if response.streaming else response.text
        assert "Padaria" not in text


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_offers_the_next_step(
    client_as: SignIn, agency_admin: User, viewer_user: User, name: str
) -> None:
    page = client_as(agency_admin).get(f"/business/{name}")
    assert page.text.count(f"/business/{name}/new") == 2
    assert f"/business/{name}/new" not in client_as(viewer_user).get(f"/business/{name}").text
    assert f'href="/business/{name}"' in client_as(agency_admin).get(f"/business/{name}", {"q": "nada"}).text


@pytest.mark.parametrize("name", LISTS)
def test_htmx_gets_the_table_alone(client_as: SignIn, viewer_user: User, rows: dict[str, int], name: str) -> None:
    headers = {"HX-Request": "true", "HX-Target": "section#rows"}
    part = client_as(viewer_user).get(f"/business/{name}", headers=headers)
    assert part.status_code == 200
    assert part.text.lstrip().startswith('<section class="sheet" id="rows"')
    assert "<html" not in part.text


@pytest.mark.parametrize("name", ["", *LISTS])
def test_a_full_page_takes_at_most_ten_queries(
    client_as: SignIn, agency_admin: User, agency: Agency, name: str
) -> None:
    Client.objects.bulk_create(
        [Client(agency=agency, name=f"Cliente {n}", created_at=make.at("2026-01-01")) for n in range(10_000)]
    )
    clients = list(Client.objects.all()[:200])
    Project.objects.bulk_create([Project(agency=agency, client=c, name="Site", value=Decimal(9)) for c in clients])
    day = dt.date(2026, 1, 1)
    Contract.objects.bulk_create(
        [Contract(agency=agency, client=c, amount=Decimal(9), interval="monthly", start=day) for c in clients]
    )
    due = make.at("2026-02-01")
    Payment.objects.bulk_create([Payment(agency=agency, client=c, amount=Decimal(9), due_at=due) for c in clients])
    Lead.objects.bulk_create([Lead(agency=agency, name="L", client=c) for c in clients])
    Satisfaction.objects.bulk_create([Satisfaction(agency=agency, client=c, score=4) for c in clients])
    browser = client_as(agency_admin)
    for query in ({}, {"q": "cliente"}):
        browser.get(f"/business/{name}", query)
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(f"/business/{name}", query)
        assert page.status_code == 200
        assert len(queries) <= 10, [q["sql"][:90] for q in queries]
    if name == "clients":
        assert page.text.count("<tr>") == 51
        assert "1.000+" in page.text
        assert "10.000" in browser.get(f"/business/{name}").text


@pytest.mark.parametrize("name", LISTS)
def test_a_row_takes_at_most_ten_queries(
    client_as: SignIn, agency_admin: User, rows: dict[str, int], name: str
) -> None:
    browser = client_as(agency_admin)
    browser.get(f"/business/{name}/{rows[name]}")
    with CaptureQueriesContext(connection) as queries:
        browser.get(f"/business/{name}/{rows[name]}")
    assert len(queries) <= 10, [q["sql"][:90] for q in queries]


def test_a_client_is_created_with_normal_values(client_as: SignIn, agency_admin: User) -> None:
    sent = {"name": "Ana", "document": "52998224725", "phone": "11 98765-4321", "created_at": "2026-03-02T10:00"}
    response = client_as(agency_admin).post("/business/clients/new", sent)
    client = Client.objects.get()
    assert response.headers["Location"] == f"/business/clients/{client.pk}"
    assert (client.document, client.phone) == ("529.982.247-25", "+5511987654321")
    assert client.created_at == make.at("2026-03-02 10:00")
    assert [e.type for e in Event.objects.all()] == ["client.created"]


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("document", "529.982.247-26"), ("phone", "12"), ("email", "ana@")]
)
def test_an_invalid_client_is_told_at_its_field(client_as: SignIn, agency_admin: User, field: str, value: str) -> None:
    response = client_as(agency_admin).post("/business/clients/new", {"name": "Ana", field: value})
    assert response.status_code == 422
    assert f'href="#id_{field}"' in response.text
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("language", "typed", "kept"),
    [
        ("pt-br", "1.234,56", "1234.56"),
        ("pt-br", "1234.56", "1234.56"),
        ("pt-br", "R$ 1.234", "1234.00"),
        ("en", "1,234.56", "1234.56"),
        ("en", "1.234,56", "1234.56"),
        ("en", "1,234", "1234.00"),
    ],
)
def test_money_is_read_as_people_type_it(
    client_as: SignIn, agency_admin: User, language: str, typed: str, kept: str
) -> None:
    agency_admin.language = language
    agency_admin.save()
    response = client_as(agency_admin).post("/business/payments/new", {"amount": typed})
    assert response.status_code == 302, response.text
    assert Payment.objects.get().amount == Decimal(kept)


@pytest.mark.parametrize("typed", ["", "-1", "0,005", "abc", "1.2.3"])
def test_money_that_is_none_is_refused(client_as: SignIn, agency_admin: User, typed: str) -> None:
    assert client_as(agency_admin).post("/business/payments/new", {"amount": typed}).status_code == 422


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found
    return found[1]


def test_a_lost_update_shows_both_values_and_can_be_decided(
    client_as: SignIn, agency_admin: User, rows: dict[str, int]
) -> None:
    browser, url = client_as(agency_admin), f"/business/clients/{rows['clients']}/edit"
    version = hidden(browser.get(url).text, "version")
    Client.objects.update(name="Padaria Nova")
    sent = {"name": "Padaria Velha", "source_id": "C-1", "created_at": "2026-01-01T00:00", "version": version}
    refused = browser.post(url, sent)
    assert refused.status_code == 409
    assert "Padaria Nova" in refused.text
    assert "Padaria Velha" in refused.text
    assert Client.objects.get().name == "Padaria Nova"
    sent["version"] = hidden(refused.text, "version")
    assert browser.post(url, sent).status_code == 302
    assert Client.objects.get().name == "Padaria Velha"


def test_saving_without_a_change_changes_nothing(client_as: SignIn, agency_admin: User, agency: Agency) -> None:
    paid = dt.datetime(2026, 3, 2, 13, 7, 42, 123456, tzinfo=dt.UTC)
    row = make.make_payment(agency, amount="1234.50", paid_at=paid, due_at=paid, method="débito")
    browser, url = client_as(agency_admin), f"/business/payments/{row.pk}/edit"
    text = browser.get(url).text
    sent = {name: hidden(text, name) for name in ("version", "amount", "paid_at", "due_at")} | {"method": "débito"}
    assert sent["amount"] == "1.234,50"
    assert browser.post(url, sent).status_code == 302
    row.refresh_from_db()
    assert (row.paid_at, row.due_at, row.method) == (paid, paid, "débito")
    assert Event.objects.count() == 0


def test_a_reference_is_named_by_what_one_knows(client_as: SignIn, agency_admin: User, agency: Agency) -> None:
    client = make.make_client(agency, name="Padaria São José", source_id="C-1")
    browser = client_as(agency_admin)
    for typed in ("padaria", f"#{client.pk}", "C-1", f"Padaria São José (#{client.pk})"):
        assert (
            browser.post("/business/projects/new", {"name": "Site", "status": "active", "client": typed}).status_code
            == 302
        )
    assert set(Project.objects.values_list("client_id", flat=True)) == {client.pk}
    make.make_client(agency, name="Padaria Aurora")
    several = browser.post("/business/projects/new", {"name": "Site", "status": "active", "client": "padaria"})
    assert several.status_code == 422
    assert "Padaria Aurora (#" in several.text
    none = browser.post("/business/projects/new", {"name": "Site", "status": "active", "client": "nada"})
    assert none.status_code == 422


def test_a_reference_to_another_agency_is_not_found(
    client_as: SignIn, agency_admin: User, other_agency: Agency
) -> None:
    theirs = make.make_client(other_agency, name="Segredo", source_id="C-9")
    browser = client_as(agency_admin)
    for typed in (f"#{theirs.pk}", "C-9", "Segredo"):
        response = browser.post("/business/projects/new", {"name": "Site", "status": "active", "client": typed})
        assert response.status_code == 422


def test_suggestions_are_of_one_agency(client_as: SignIn, admin: User, agency: Agency, other_agency: Agency) -> None:
    make.make_client(agency, name="Padaria <b>")
    make.make_client(agency, name="Padaria velha", archived_at=make.at("2026-01-01"))
    make.make_client(other_agency, name="Padaria alheia")
    browser = client_as(admin)
    query = {"agency": "mare", "field": "client", "client": "pad"}
    text = browser.get("/business/options/client", query).text
    assert text.count("<option") == 1
    assert "&lt;b&gt;" in text
    assert browser.get("/business/options/client", {"field": "client", "client": "pad"}).status_code == 404
    assert browser.get("/business/options/secrets", query).status_code == 404


def test_archiving_keeps_everything_and_is_taken_back(
    client_as: SignIn, agency_admin: User, viewer_user: User, rows: dict[str, int]
) -> None:
    url = f"/business/clients/{rows['clients']}"
    assert client_as(viewer_user).post(f"{url}/archive").status_code == 403
    browser = client_as(agency_admin)
    browser.post(f"{url}/archive")
    client = Client.objects.get()
    assert (client.status, client.archived_at is None) == ("archived", False)
    assert Payment.objects.count() == 1
    browser.post(f"{url}/unarchive")
    assert [e.type for e in Event.objects.order_by("pk")] == ["client.archived", "client.unarchived"]


def test_a_status_is_changed_with_a_note(client_as: SignIn, agency_admin: User, rows: dict[str, int]) -> None:
    browser, url = client_as(agency_admin), f"/business/projects/{rows['projects']}"
    form = browser.get(f"{url}/status").text
    assert 'value="draft"' not in form
    sent = {"status": "completed", "note": "entregue", "version": hidden(form, "version")}
    assert browser.post(f"{url}/status", sent).status_code == 302
    assert "entregue" in browser.get(url).text
    assert [e.type for e in Event.objects.order_by("pk")] == ["project.status_changed", "project.completed"]
    assert browser.post(f"{url}/status", {"status": "cancelled"}).status_code == 422


def test_a_contract_shows_its_amounts_and_share(client_as: SignIn, agency_admin: User, agency: Agency) -> None:
    contract = make.make_contract(agency, amount="300.00", start=dt.date(2026, 1, 1))
    make.make_contract(agency, amount="1800.00", interval="annual", start=dt.date(2026, 1, 1))
    browser, url = client_as(agency_admin), f"/business/contracts/{contract.pk}"
    browser.post(f"{url}/amount", {"effective_from": "2026-02-01", "amount": "450,00"})
    text = browser.get(url).text
    # 450 beside 150 a month.
    assert "75,0\u00a0%" in text
    change = ContractChange.objects.get()
    browser.post(f"{url}/amount/{change.pk}", {"effective_from": "2026-03-01", "amount": "500,00"})
    change.refresh_from_db()
    assert (change.effective_from, change.amount) == (dt.date(2026, 3, 1), Decimal(500))
    browser.post(f"{url}/amount/{change.pk}/remove")
    assert not ContractChange.objects.exists()
    assert browser.post(f"{url}/end", {"end": "2025-12-31"}).status_code == 422
    browser.post(f"{url}/end", {"end": "2026-06-30"})
    contract.refresh_from_db()
    assert contract.end == dt.date(2026, 6, 30)


def test_a_payment_is_paid_then_refunded_in_part(client_as: SignIn, agency_admin: User, agency: Agency) -> None:
    row = make.make_payment(agency, amount="100.00", paid_at=None, due_at=make.at("2026-03-01"))
    browser, url = client_as(agency_admin), f"/business/payments/{row.pk}"
    assert browser.post(f"{url}/refund", {}).status_code == 422
    browser.post(f"{url}/paid", {"at": "2026-03-05T10:00", "method": "pix"})
    assert browser.post(f"{url}/paid", {}).status_code == 422
    assert browser.post(f"{url}/refund", {"amount": "100,01"}).status_code == 422
    browser.post(f"{url}/refund", {"amount": "40,00", "at": "2026-04-01T10:00"})
    row.refresh_from_db()
    assert (row.paid_at, row.method) == (make.at("2026-03-05 10:00"), "pix")
    assert (row.refunded_at, row.refunded_amount) == (make.at("2026-04-01 10:00"), Decimal(40))
    assert browser.post(f"{url}/refund", {}).status_code == 422
    assert [e.type for e in Event.objects.order_by("pk")] == ["payment.paid", "payment.refunded"]


def test_a_payment_is_deleted_only_by_typing_its_name(
    client_as: SignIn, agency_admin: User, viewer_user: User, rows: dict[str, int]
) -> None:
    pk = rows["payments"]
    url = f"/business/payments/{pk}/delete"
    assert client_as(viewer_user).post(url, {"confirm": f"#{pk}"}).status_code == 403
    browser = client_as(agency_admin)
    assert browser.post(url, {"confirm": "yes"}).status_code == 422
    assert Payment.objects.exists()
    assert browser.post(url, {"confirm": f"#{pk}"}).status_code == 302
    assert not Payment.objects.exists()
    assert AuditEvent.objects.filter(resource_type="payment_data", action="data_delete").count() == 1


def test_a_won_lead_makes_or_links_a_client(client_as: SignIn, agency_admin: User, agency: Agency) -> None:
    browser = client_as(agency_admin)
    lead = make.make_lead(agency, name="Ótica")
    browser.post(f"/business/leads/{lead.pk}/won", {"new_client": "on"})
    lead.refresh_from_db()
    assert lead.client is not None
    assert (lead.outcome, lead.client.name) == ("won", "Ótica")
    other = make.make_lead(agency, name="Outra")
    browser.post(f"/business/leads/{other.pk}/won", {"client": f"#{lead.client.pk}", "new_client": "on"})
    other.refresh_from_db()
    assert other.client == lead.client
    assert Client.objects.count() == 1
    browser.post(f"/business/leads/{other.pk}/reopen")
    browser.post(f"/business/leads/{other.pk}/lost", {"at": "2026-03-01T10:00"})
    other.refresh_from_db()
    assert (other.outcome, other.closed_at) == ("lost", make.at("2026-03-01 10:00"))
    types = [e.type for e in Event.objects.order_by("pk")]
    assert types == ["client.created", "lead.won", "lead.won", "lead.reopened", "lead.lost"]


def test_who_writes_in_several_agencies_chooses_one(
    client_as: SignIn, admin: User, agency: Agency, other_agency: Agency
) -> None:
    browser = client_as(admin)
    assert "agency=ipe" in browser.get("/business/clients/new").text
    browser.post("/business/clients/new?agency=ipe", {"name": "Ana"})
    assert Client.objects.get().agency == other_agency


def test_the_switcher_narrows_every_list(client_as: SignIn, admin: User, agency: Agency, other_agency: Agency) -> None:
    make.make_client(agency, name="Da Maré")
    make.make_client(other_agency, name="Do Ipê")
    browser = client_as(admin)
    both = browser.get("/business/clients").text
    assert "Da Maré" in both
    assert "Do Ipê" in both
    one = browser.get("/business/clients", {"agency": "ipe"}).text
    assert "Da Maré" not in one
    assert "Do Ipê" in one


def test_demo_rows_say_so(client_as: SignIn, admin: User, agency: Agency) -> None:
    browser = client_as(admin)
    client = make.make_client(agency)
    assert '<span class="tag">demo' not in browser.get(f"/business/clients/{client.pk}").text
    Agency.objects.update(is_demo=True)
    for path in ("", "clients", f"clients/{client.pk}", "payments", "clients/new"):
        assert '<span class="tag">demo' in browser.get(f"/business/{path}").text


def test_money_is_in_the_agencys_currency(client_as: SignIn, admin: User) -> None:
    agency = make.make_agency("nova", currency="USD")
    row = make.make_payment(agency, amount="1234.50")
    assert "US$\u00a01.234,50" in client_as(admin).get(f"/business/payments/{row.pk}").text


def test_an_export_has_the_contracts_fields_and_is_in_the_trail(
    client_as: SignIn, agency_admin: User, agency: Agency, rows: dict[str, int]
) -> None:
    make.make_client(agency, name="=cmd()", phone="+5511987654321")
    response = client_as(agency_admin).get("/business/clients", {"format": "csv", "status": "active"})
    text = b"".join(response).decode("utf-8-sig")
    head, *lines = text.strip().splitlines()
    assert head.split(",") == [
        "id", "agency", "source_id", "name", "email", "phone", "document", "city", "state", "status",
        "created_at", "archived_at", "whatsapp_opt_in_at", "whatsapp_opt_in_source",
    ]  # fmt: skip
    assert len(lines) == 2
    assert "'=cmd()" in text
    event = AuditEvent.objects.get(action="data_access")
    assert (event.resource_type, event.agency_id, event.diff) == ("client_data", agency.pk, {"rows": 2, "as": "csv"})


@pytest.mark.parametrize("name", LISTS)
def test_every_list_exports(client_as: SignIn, viewer_user: User, rows: dict[str, int], name: str) -> None:
    response = client_as(viewer_user).get(f"/business/{name}", {"format": "csv", "q": "", "client": ""})
    assert len(b"".join(response).decode().strip().splitlines()) == 2


def test_opening_a_client_is_in_the_trail(client_as: SignIn, viewer_user: User, rows: dict[str, int]) -> None:
    client_as(viewer_user).get(f"/business/clients/{rows['clients']}")
    event = AuditEvent.objects.get(action="data_access")
    assert (event.resource_type, event.resource_id, event.actor_id) == (
        "client_data",
        str(rows["clients"]),
        viewer_user.pk,
    )


@pytest.mark.parametrize("query", ["sort=phone", "limit=0", "status=gone", "cursor=abc", "created_from=x"])
def test_a_wrong_address_is_a_clear_400(client_as: SignIn, viewer_user: User, query: str) -> None:
    assert client_as(viewer_user).get(f"/business/clients?{query}").status_code == 400


def test_paging_meets_every_row_and_leads_back(client_as: SignIn, viewer_user: User, agency: Agency) -> None:
    for number in range(5):
        make.make_payment(agency, amount=number + 1, paid_at=None if number % 2 else make.at(f"2026-03-0{number + 1}"))
    browser = client_as(viewer_user)
    seen: list[str] = []
    url = "/business/payments?limit=2"
    while url:
        text = browser.get(url).text
        seen += re.findall(r"/business/payments/(\d+)\"", text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        back = re.search(r'rel="prev" href="([^"]+)"', text)
        url = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 5
    assert back
    assert browser.get(back[1].replace("&amp;", "&")).status_code == 200


def test_a_search_counts_and_leads_back(client_as: SignIn, viewer_user: User, agency: Agency) -> None:
    Project.objects.bulk_create(
        [
            Project(agency=agency, name="comum" if n < 40 or n > 250 else "raro", created_at=make.at("2026-01-01"))
            for n in range(300)
        ]
    )
    browser = client_as(viewer_user)
    pages = []
    url = "/business/projects?q=comum&limit=20"
    while url:
        text = browser.get(url).text
        assert '<span class="sub">89</span>' in text
        found = re.search(r'rel="next" href="([^"]+)"', text)
        back = re.search(r'rel="prev" href="([^"]+)"', text)
        before = back[1].replace("&amp;", "&") if back else ""
        pages.append((re.findall(r"/business/projects/(\d+)\"", text), before))
        url = found[1].replace("&amp;", "&") if found else ""
    assert [len(rows) for rows, _back in pages] == [20, 20, 20, 20, 9]
    for (rows, _before), (_rows, before) in itertools.pairwise(pages):
        assert re.findall(r"/business/projects/(\d+)\"", browser.get(before).text) == rows


def test_what_is_overdue_is_seen_first(client_as: SignIn, viewer_user: User, agency: Agency) -> None:
    make.make_payment(agency, amount="321.00", paid_at=None, due_at=make.at("2026-01-10"))
    make.make_project(agency, name="Atrasado", deadline=dt.date(2026, 1, 10))
    make.make_project(agency, name="Entregue", deadline=dt.date(2026, 1, 10), status="completed")
    text = client_as(viewer_user).get("/business/").text
    assert "R$\u00a0321,00" in text
    assert "Atrasado" in text
    assert "Entregue" not in text


def test_what_is_due_today_is_not_overdue(client_as: SignIn, viewer_user: User, agency: Agency) -> None:
    midnight = dt.datetime.now(agency.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    row = make.make_payment(agency, paid_at=None, due_at=midnight)
    browser = client_as(viewer_user)
    assert f"/business/payments/{row.pk}" not in browser.get("/business/payments?status=overdue").text
    Payment.objects.update(due_at=midnight - dt.timedelta(seconds=1))
    assert f"/business/payments/{row.pk}" in browser.get("/business/payments?status=overdue").text


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_no_inline_script_or_style(
    client_as: SignIn, agency_admin: User, rows: dict[str, int], name: str
) -> None:
    browser = client_as(agency_admin)
    for path in (f"/business/{name}", f"/business/{name}/{rows[name]}", f"/business/{name}/new"):
        text = browser.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
