"""The audit trail: nothing that changes an audited row escapes it, it says who, and it cannot be rewritten."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from celery import shared_task
from django.db import connection, connections, transaction
from django.db.utils import ProgrammingError
from django.test import Client as Browser

from business.models import Client, Contract, ContractChange, Lead, Payment, Satisfaction
from core.audit import partitions, record
from core.audit.context import Actor, acting
from core.models import Agency, ApiToken, AuditEvent, RoleGrant, User
from tests.business.factories import make_client, make_contract, make_payment, make_project

pytestmark = pytest.mark.django_db
ANA = Actor("user", 7, ip="198.51.100.7", user_agent="Browser/1", request_id="request-of-ana")


def _events(resource_type: str, **filters: object) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(resource_type=resource_type, **filters).order_by("id"))


def _since() -> Callable[[], list[AuditEvent]]:
    last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return lambda: list(AuditEvent.objects.filter(id__gt=last).order_by("id"))


# ---- every way to write ------------------------------------------------------------------------


def test_queryset_update_leaves_one_event_per_row(agency: Agency) -> None:
    projects = [make_project(agency, name=f"P{number}") for number in range(3)]
    new = _since()
    type(projects[0]).objects.update(name="renamed")
    # One statement updates its rows in no order that anybody promises.
    assert sorted((one.action, one.diff["name"]["old"], one.diff["name"]["new"]) for one in new()) == [
        ("data_update", f"P{number}", "renamed") for number in range(3)
    ]


def test_bulk_create_and_bulk_update_are_recorded(agency: Agency) -> None:
    new = _since()
    made = Payment.objects.bulk_create([Payment(agency=agency, amount=Decimal(n)) for n in (1, 2)])
    for one in made:
        one.amount = one.amount + 10
    Payment.objects.bulk_update(made, ["amount"])
    assert [one.action for one in new()] == ["data_create", "data_create", "data_update", "data_update"]


def test_row_made_or_changed_is_recorded_as_what_it_was(agency: Agency) -> None:
    new = _since()
    for amount in (1, 2):
        Payment.objects.update_or_create(agency=agency, source_id="same", defaults={"amount": Decimal(amount)})
    assert [one.action for one in new()] == ["data_create", "data_update"]


def test_raw_sql_is_recorded(agency: Agency) -> None:
    payment = make_payment(agency)
    new = _since()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM business_payment WHERE id = %s", [payment.pk])
    (event,) = new()
    assert (event.action, event.resource_id) == ("data_delete", str(payment.pk))


def test_rows_that_go_with_their_parent_are_recorded(agency: Agency) -> None:
    contract = make_contract(agency)
    ContractChange.objects.create(
        agency=agency, contract=contract, effective_from=dt.date(2026, 3, 1), amount=Decimal(1)
    )
    new = _since()
    Contract.objects.get(pk=contract.pk).delete()
    assert [one.action for one in new()] == ["data_delete", "data_delete"]


def test_writing_what_is_there_already_is_no_event(agency: Agency) -> None:
    project = make_project(agency)
    new = _since()
    project.save()
    assert new() == []


def test_roles_and_tokens_are_changes_of_permission(agency: Agency, make_user: Callable[..., User]) -> None:
    new = _since()
    user = make_user("operator", agency)
    RoleGrant.objects.filter(user=user).delete()
    found = [(one.action, one.resource_type, one.agency_id) for one in new() if one.resource_type == "role"]
    assert found == [("permission_change", "role", agency.pk)] * 2


# ---- who ---------------------------------------------------------------------------------------


def _who(event: AuditEvent) -> tuple[str, int | None, str | None, str]:
    return event.actor_kind, event.actor_id, event.ip, event.request_id


WHO = ("user", 7, "198.51.100.7", "request-of-ana")


def test_actor_is_carried_inside_a_transaction_and_after_a_savepoint_was_rolled_back(agency: Agency) -> None:
    new = _since()
    with acting(ANA), transaction.atomic():
        make_payment(agency)
        with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
            make_payment(agency)
            raise RuntimeError
        make_payment(agency)
    assert [_who(one) for one in new()] == [WHO, WHO]


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("UPDATE business_payment SET method = 'a'", None),
        ("UPDATE business_payment SET method = '100%'", None),
        ("UPDATE business_payment SET method = '100%%' WHERE amount > %s", [0]),
        ("UPDATE business_payment SET method = %(method)s", {"method": "50%"}),
        ("UPDATE business_payment SET method = 'a' WHERE method LIKE 'p%'", None),
        ("  \n-- a note\nUPDATE business_payment SET method = 'a'", None),
        ("/* a note */ UPDATE business_payment SET method = 'a'", None),
        ("WITH one AS (SELECT 'x' AS m) UPDATE business_payment SET method = m FROM one", None),
        ("DO $$ BEGIN UPDATE business_payment SET method = 'a'; END $$", None),
    ],
)
def test_actor_is_carried_whatever_the_statement_looks_like(agency: Agency, sql: str, params: object) -> None:
    make_payment(agency)
    new = _since()
    with acting(ANA), connection.cursor() as cursor:
        cursor.execute(sql, params)  # type: ignore[arg-type]
    assert [_who(one) for one in new()] == [WHO]


def test_percent_sign_arrives_as_it_was_written(agency: Agency) -> None:
    make_payment(agency)
    with acting(ANA), connection.cursor() as cursor:
        cursor.execute("UPDATE business_payment SET method = '100%'")
    assert Payment.objects.get().method == "100%"


def test_what_a_statement_returns_still_arrives(agency: Agency) -> None:
    with acting(ANA), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO business_payment (agency_id, source_id, amount, method) VALUES (%s, '', 1, ''), (%s, '', 2, '')"  # noqa: E501
            " RETURNING amount",
            [agency.pk, agency.pk],
        )
        assert cursor.rowcount == 2
        assert cursor.fetchall() == [(Decimal("1.00"),), (Decimal("2.00"),)]


@pytest.mark.django_db(transaction=True)
def test_actor_is_carried_in_autocommit_and_nothing_of_it_stays_on_the_connection() -> None:
    agency = Agency.objects.create(slug="a", name="A")
    new = _since()
    with acting(ANA), connection.cursor() as cursor:
        make_payment(agency)
        cursor.execute("UPDATE business_payment SET method = 'x'")
        cursor.executemany("UPDATE business_payment SET method = %s WHERE amount > %s", [("y", 0), ("z", 0)])
    make_payment(agency)
    assert [_who(one) for one in new()] == [WHO, WHO, WHO, WHO, ("system", None, None, "")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('fvdash.actor', true), '')")
        assert cursor.fetchone() == ("",)


@pytest.mark.django_db(transaction=True)
def test_requests_on_one_connection_do_not_leak_into_each_other() -> None:
    agency = Agency.objects.create(slug="a", name="A")
    new = _since()
    for number in (1, 2):
        with acting(Actor("user", number, request_id=f"request-{number}")), transaction.atomic():
            make_payment(agency)
    with transaction.atomic():
        make_payment(agency)
    assert [(one.actor_id, one.request_id) for one in new()] == [(1, "request-1"), (2, "request-2"), (None, "")]


@shared_task(name="tests.pay")
def pay(agency_id: int) -> None:
    with acting(Actor("task", on_behalf_of=7, reason="job 1")):
        make_payment(Agency.objects.get(pk=agency_id))


def test_task_acts_for_the_person_who_asked(agency: Agency) -> None:
    new = _since()
    pay(agency.pk)
    (event,) = new()
    assert (event.actor_kind, event.actor_id, event.on_behalf_of, event.reason) == ("task", None, 7, "job 1")


def test_request_is_named_by_its_id_and_address(admin: User, client_as: Callable[[User], Browser]) -> None:
    browser = client_as(admin)
    new = _since()
    browser.post("/account/logout/", headers={"X-Request-ID": "from-the-browser", "User-Agent": "Firefox"})
    (event,) = [one for one in new() if one.action == "logout"]
    assert (event.request_id, event.user_agent, event.ip) == ("from-the-browser", "Firefox", "127.0.0.1")
    assert (event.actor_id, event.resource_id) == (admin.pk, str(admin.pk))


def test_failed_sign_in_is_recorded_without_the_address_that_was_tried(client: Browser) -> None:
    new = _since()
    client.post("/account/login/", {"login": "somebody@example.com", "password": "wrong-password-77"})
    (event,) = [one for one in new() if one.action == "login_failed"]
    assert event.outcome == "failure"
    assert "somebody" not in json.dumps(event.diff)
    assert len(event.diff["tried"]) == 16


# ---- what it must not hold ---------------------------------------------------------------------


def test_personal_values_and_secrets_never_reach_the_trail(agency: Agency) -> None:
    values = {
        "name": "Zulmira Quixadá",
        "email": "zulmira@quixada.example",
        "phone": "+5585999887766",
        "document": "52998224725",
        "city": "Quixeramobim",
    }
    client = make_client(agency, **values)
    Client.objects.filter(pk=client.pk).update(email="nova@quixada.example", city="Icapuí", status="active")
    Lead.objects.create(agency=agency, name="Lead Zoroastro")
    Satisfaction.objects.create(agency=agency, score=1, comment="ligar para Zulmira")
    user = User.objects.create_user("segredo@quixada.example", "a-very-secret-password", name="Pessoa Zênite")
    ApiToken.objects.create(user=user, name="n", prefix="p", digest="d" * 64)
    record("data_access", resource_type="client_data", resource_id=client.pk, agency_id=agency.pk)
    client.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(core_auditevent::text, E'\\n') FROM core_auditevent")
        trail = cursor.fetchone()[0]
    secrets = ["nova@quixada", "Icapu", "Zoroastro", "ligar para", "segredo@", "Zênite", "d" * 64, user.password]
    assert [value for value in (*values.values(), *secrets) if value in trail] == []
    changed = AuditEvent.objects.get(action="data_update", resource_type="client_data").diff
    assert changed == {"email": "changed", "city": "changed"}


# ---- it stays as it was written ----------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditevent SET action = 'x'",
        "DELETE FROM core_auditevent",
        "TRUNCATE core_auditevent",
        "DELETE FROM core_auditevent_default",
        "INSERT INTO core_auditevent_default (action, resource_type) VALUES ('x', 'y')",
        "DROP TABLE core_auditevent",
        "ALTER TABLE core_auditevent DISABLE TRIGGER ALL",
        "ALTER TABLE business_payment DISABLE TRIGGER fvdash_audit",
        "SET session_replication_role = replica",
    ],
)
def test_runtime_role_lacks_the_privilege(agency: Agency, sql: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_runtime_role_cannot_touch_a_month_directly() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'core_auditevent'::regclass")
        parts = [row[0] for row in cursor.fetchall()]
    assert len(parts) >= 5
    for part in parts:
        for sql in (f"DELETE FROM {part}", f"UPDATE {part} SET action = 'x'", f"TRUNCATE {part}"):
            with pytest.raises(ProgrammingError, match="permission denied"):  # noqa: SIM117
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(sql)


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("verb", ["UPDATE core_auditevent SET action = 'x'", "DELETE FROM core_auditevent"])
def test_trigger_refuses_the_owner_too(verb: str) -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("INSERT INTO core_auditevent (action, resource_type) VALUES ('test', 'test')")
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic(using="owner"):  # noqa: SIM117
        with owner.cursor() as cursor:
            cursor.execute(verb)


@pytest.mark.django_db(databases=["default", "owner"])
def test_trigger_refuses_the_owner_to_truncate_the_trail_or_one_month() -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'core_auditevent'::regclass")
        tables = ["core_auditevent", *(row[0] for row in cursor.fetchall())]
    for table in tables:
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic(using="owner"):  # noqa: SIM117
            with owner.cursor() as cursor:
                cursor.execute(f"TRUNCATE {table}")


@pytest.mark.django_db(databases=["default", "owner"])
def test_months_are_made_ahead_once_and_closed_to_the_runtime_role() -> None:
    day = dt.date(2031, 11, 15)
    made = partitions.ensure(today=day)
    assert made == [f"core_auditevent_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")]
    assert partitions.ensure(today=day) == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('fvdash_app', 'core_auditevent_2031_11', 'SELECT, INSERT, UPDATE, DELETE')"
        )
        assert cursor.fetchone() == (False,)
        cursor.execute(
            "INSERT INTO core_auditevent (occurred_at, action, resource_type) VALUES ('2031-12-31T23:59:59Z', 't', 't')"
            " RETURNING tableoid::regclass::text"
        )
        assert cursor.fetchone() == ("core_auditevent_2031_12",)


def test_events_go_to_the_partition_of_their_month(agency: Agency) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM core_auditevent")
        (table,) = cursor.fetchone()
    assert table.startswith("core_auditevent_20")
