"""The configuration page and the agencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.configuration.environment import VARIABLES, load
from core.models import Agency, AuditEvent, Event, User

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
PAGE = "/configuration"
AGENCIES = "/configuration/agencies"


def test_every_variable_has_a_row_with_its_source(client_as: As, admin: User) -> None:
    page = client_as(admin).get(PAGE).content.decode()
    for variable in VARIABLES:
        assert f"<code>{variable.name}</code>" in page


def test_secrets_and_passwords_are_masked(client_as: As, admin: User, settings: Any) -> None:
    settings.ENV = load(
        {
            "TWILIO_AUTH_TOKEN": "very-secret-token",
            "DATABASE_URL": "postgres://app:very-secret-word@db.example/fvdash",
            "REDIS_URL": "redis://:very-secret-redis@cache.example:6379/0",
            "EMAIL_URL": "smtp://fv:very-secret-mail@mail.example:25",
            "PORT": "8123",
        }
    )
    page = client_as(admin).get(PAGE).content.decode()
    assert "very-secret" not in page
    assert "db.example" in page
    assert "cache.example" in page
    assert "8123" in page


def test_what_is_not_configured_says_so(client_as: As, admin: User, settings: Any) -> None:
    settings.ENV = load({})
    assert "não configurado" in client_as(admin).get(PAGE).content.decode()


def test_meanings_are_in_the_language_of_the_reader(client_as: As, admin: User) -> None:
    client = client_as(admin)
    assert "Fuso horário do grupo." in client.get(PAGE).content.decode()
    client.post("/preferences", {"language": "en"})
    page = client.get(PAGE).content.decode()
    assert "Time zone of the group." in page
    assert "time zone of the IANA database" in page


def test_agency_admin_is_led_to_the_own_agency(client_as: As, agency_admin: User, agency: Agency) -> None:
    client = client_as(agency_admin)
    assert client.get(PAGE)["Location"] == AGENCIES
    page = client.get(AGENCIES).content.decode()
    assert agency.name in page
    assert "/new" not in page


@pytest.mark.parametrize("role", ["operator", "dpo", "viewer"])
@pytest.mark.parametrize("path", [PAGE, AGENCIES])
def test_others_get_403(client_as: As, make_user: Callable[..., User], role: str, path: str) -> None:
    assert client_as(make_user(role)).get(path).status_code == 403


def test_outsider_gets_404(client_as: As, outsider: User, agency: Agency) -> None:
    client = client_as(outsider)
    assert client.get(f"{AGENCIES}/{agency.slug}").status_code == 404
    form = {"name": "x", "slug": agency.slug, "timezone": "UTC", "currency": "USD"}
    assert client.post(f"{AGENCIES}/{agency.slug}", form).status_code == 404
    assert client.post(f"{AGENCIES}/{agency.slug}/archive", {"confirm": agency.name}).status_code == 404
    agency.refresh_from_db()
    assert (agency.currency, agency.archived_at) == ("BRL", None)


def test_global_admin_makes_an_agency(client_as: As, admin: User) -> None:
    form = {"name": "Nova", "slug": "nova", "timezone": "America/Recife", "currency": "brl"}
    assert client_as(admin).post(f"{AGENCIES}/new", form).status_code == 302
    made = Agency.objects.get(slug="nova")
    assert (made.timezone, made.currency) == ("America/Recife", "BRL")
    assert AuditEvent.objects.filter(resource_type="agency", action="data_create", agency_id=made.pk).exists()
    assert Event.objects.get(type="agency.created").agency_id == made.pk


def test_agency_admin_makes_none_and_changes_the_own(client_as: As, agency_admin: User, agency: Agency) -> None:
    client = client_as(agency_admin)
    form = {"name": "Maré", "slug": agency.slug, "timezone": "America/Manaus", "currency": "BRL"}
    assert client.post(f"{AGENCIES}/new", form).status_code == 403
    assert client.post(f"{AGENCIES}/{agency.slug}", form).status_code == 302
    agency.refresh_from_db()
    assert agency.timezone == "America/Manaus"
    assert client.post(f"{AGENCIES}/{agency.slug}/archive", {"confirm": agency.name}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Olympus"), ("currency", "REAIS"), ("slug", "two words"), ("slug", "new"), ("name", "")],
)
def test_a_wrong_value_is_told_by_field(client_as: As, admin: User, field: str, value: str) -> None:
    form = {"name": "Nova", "slug": "nova", "timezone": "UTC", "currency": "BRL"} | {field: value}
    answer = client_as(admin).post(f"{AGENCIES}/new", form)
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode()
    assert not Agency.objects.exists()


def test_a_taken_short_name_is_told(client_as: As, admin: User, agency: Agency) -> None:
    form = {"name": "Other", "slug": agency.slug, "timezone": "UTC", "currency": "BRL"}
    assert client_as(admin).post(f"{AGENCIES}/new", form).status_code == 422


def test_an_agency_is_archived_by_typing_its_name_and_taken_back(client_as: As, admin: User, agency: Agency) -> None:
    client = client_as(admin)
    client.post(f"{AGENCIES}/{agency.slug}/archive", {"confirm": "something else"})
    assert Agency.objects.filter(archived_at=None).exists()
    client.post(f"{AGENCIES}/{agency.slug}/archive", {"confirm": agency.name})
    assert not Agency.objects.filter(archived_at=None).exists()
    assert agency.name not in client.get(f"{AGENCIES}?status=active").content.decode().split("<tbody>")[1]
    client.post(f"{AGENCIES}/{agency.slug}/archive")
    assert Agency.objects.filter(archived_at=None).exists()


def test_the_list_takes_at_most_ten_queries(
    client_as: As, admin: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    Agency.objects.bulk_create(Agency(slug=f"a{n}", name=f"Agency {n}") for n in range(300))
    client = client_as(admin)
    client.get(AGENCIES)
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        assert client.get(AGENCIES).status_code == 200
