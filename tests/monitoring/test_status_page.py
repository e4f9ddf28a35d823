"""The public status page, and the pages where it is switched on and written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.models import AuditEvent, Event, User
from monitoring import health
from monitoring.health import Outcome, Status
from monitoring.models import Maintenance, Span, StatusIncident, StatusPage, StatusUpdate
from monitoring.status import public, queries

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]
DESK = (
    "/monitoring/status",
    "/monitoring/status/incidents/new",
    "/monitoring/status/maintenance/new",
)
FINE = [Outcome(name, Status.OK, 1.0) for name in health.ESSENTIAL]
INCIDENT = {
    "title": "Mensagens atrasadas",
    "impact": "degraded",
    "components": ["redis"],
    "stage": "investigating",
    "body": "Estamos investigando.",
}


@pytest.fixture(autouse=True)
def _now_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of now is read in this test's transaction, not in a thread of its own that would not see it."""

    def current(now: dt.datetime) -> health.Report:
        return health.kept(now) or health.report_of([], {})

    monkeypatch.setattr(health, "current", current)


@pytest.fixture
def on() -> None:
    StatusPage.objects.create(pk=1, is_public=True)


def english(client: Client) -> Client:
    client.cookies["fvdash_language"] = "en"
    return client


def read(client: Client | None = None, path: str = "/status") -> str:
    public.copy.forget()
    return english(client or Client()).get(path).content.decode()


def test_page_is_off_until_an_admin_switches_it_on(client: Client, client_as: ClientAs, admin: User) -> None:
    for path in ("/status", "/status/feed"):
        assert client.get(path).status_code == 404
        assert client_as(admin).get(path).status_code == 404
    assert client_as(admin).post("/monitoring/status/switch", {"public": "1"}).status_code == 302
    assert client.get("/status").status_code == 200
    assert client.get("/status/feed").status_code == 200
    client_as(admin).post("/monitoring/status/switch", {"public": "0"})
    assert client.get("/status").status_code == 404


def test_switch_is_audited_and_told(client_as: ClientAs, admin: User) -> None:
    client_as(admin).post("/monitoring/status/switch", {"public": "1"})
    event = AuditEvent.objects.get(resource_type="status_page")
    assert (event.action, event.actor_id, event.diff["is_public"]) == ("config_change", admin.pk, {"new": True})
    assert Event.objects.filter(type="status_page.published").count() == 1
    client_as(admin).post("/monitoring/status/switch", {"public": "1"})
    assert AuditEvent.objects.filter(resource_type="status_page").count() == 1


def test_operators_write_and_admins_switch(client_as: ClientAs, make_user: Callable[..., User]) -> None:
    operator = client_as(make_user("operator"))
    assert operator.post("/monitoring/status/switch", {"public": "1"}).status_code == 403
    assert not StatusPage.objects.exists()
    assert operator.post("/monitoring/status/incidents/new", INCIDENT).status_code == 302
    assert "switch" not in read(operator, "/monitoring/status").split("<main")[1].split("</main")[0].replace(
        "Admins of the group switch it.", ""
    )


@pytest.mark.parametrize("path", DESK)
def test_desk_is_for_those_who_see_monitoring(
    path: str, client: Client, client_as: ClientAs, make_user: Callable[..., User], agency_admin: User, outsider: User
) -> None:
    assert client.get(path).status_code == 302
    for user in (make_user("admin"), make_user("operator")):
        assert client_as(user).get(path).status_code == 200
    for user in (agency_admin, outsider, make_user("dpo"), make_user("viewer"), make_user()):
        assert client_as(user).get(path).status_code == 403
        assert client_as(user).post(path, INCIDENT).status_code in (403, 405)
    assert not StatusIncident.objects.exists()


def test_incident_and_end_of_maintenance_are_for_them_too(client_as: ClientAs, admin: User, agency_admin: User) -> None:
    client_as(admin).post("/monitoring/status/incidents/new", INCIDENT)
    number = StatusIncident.objects.get().pk
    now = timezone.now()
    planned = Maintenance.objects.create(title="x", starts_at=now, ends_at=now + dt.timedelta(hours=1))
    other = client_as(agency_admin)
    assert other.get(f"/monitoring/status/incidents/{number}").status_code == 403
    assert other.post(f"/monitoring/status/maintenance/{planned.pk}/end").status_code == 403
    assert client_as(admin).get("/monitoring/status/incidents/999999").status_code == 404
    assert client_as(admin).post("/monitoring/status/maintenance/999999/end").status_code == 404


@pytest.mark.usefixtures("on")
def test_without_any_check_nothing_is_claimed() -> None:
    html = read()
    assert "The state is not known right now" in html
    assert html.count("uptime not known yet") == 3
    assert "100.00" not in html


@pytest.mark.usefixtures("on")
def test_page_shows_components_by_names_for_people_and_no_detail() -> None:
    secret = Outcome("redis", Status.DOWN, None, "ConnectionRefusedError: 10.0.0.7:6379", "unreachable", 2)
    health.keep([FINE[0], secret, FINE[2]], timezone.now())
    html = read()
    assert "There is an outage" in html
    assert "Website and API" in html
    assert "Queue and cache" in html
    assert "10.0.0.7" not in html
    assert "WhatsApp" not in html  # not configured here
    assert read(Client()).count('class="strip"') == 3


@pytest.mark.usefixtures("on")
def test_page_speaks_portuguese_by_itself() -> None:
    health.keep(FINE, timezone.now())
    public.copy.forget()
    html = Client().get("/status").content.decode()
    assert "Tudo funciona" in html
    assert "Site e API" in html


@pytest.mark.usefixtures("on")
def test_incident_is_opened_updated_and_resolved(client_as: ClientAs, admin: User) -> None:
    health.keep(FINE, timezone.now())
    client = english(client_as(admin))
    answer = client.post("/monitoring/status/incidents/new", INCIDENT)
    address = answer.headers["Location"]
    html = read()
    assert "Mensagens atrasadas" in html
    assert "Some parts have difficulty" in html
    client.post(address, {"stage": "identified", "body": "Achamos a causa."})
    assert "Achamos a causa." in read()
    client.post(address, {"stage": "resolved", "body": "Está resolvido."})
    html = read()
    assert "Everything works" in html
    assert "Past incidents" in html
    assert html.index("Está resolvido.") < html.index("Achamos a causa.") < html.index("Estamos investigando.")
    client.post(address, {"stage": "monitoring", "body": "Voltou."})
    assert StatusIncident.objects.get().resolved_at is None
    actions = list(AuditEvent.objects.filter(resource_type="status_incident").values_list("action", flat=True))
    assert actions.count("data_create") == 5  # the incident and its four updates
    types = set(Event.objects.values_list("type", flat=True))
    assert types == {"status_incident.opened", "status_incident.updated", "status_incident.resolved"}


@pytest.mark.usefixtures("on")
def test_incident_of_the_whole_product_speaks_for_it() -> None:
    health.keep(FINE, timezone.now())
    StatusIncident.objects.create(title="Fora do ar", impact="down", components=[])
    assert "There is an outage" in read()


def test_incident_without_words_is_not_posted(client_as: ClientAs, admin: User) -> None:
    for wrong in ({"body": ""}, {"title": ""}, {"stage": "over"}, {"impact": "?"}, {"components": ["kitchen"]}):
        answer = client_as(admin).post("/monitoring/status/incidents/new", INCIDENT | wrong)
        assert answer.status_code == 422
    assert not StatusIncident.objects.exists()
    client_as(admin).post("/monitoring/status/incidents/new", INCIDENT)
    address = f"/monitoring/status/incidents/{StatusIncident.objects.get().pk}"
    assert client_as(admin).post(address, {"stage": "resolved", "body": " "}).status_code == 422
    assert StatusIncident.objects.get().stage == "investigating"


@pytest.mark.usefixtures("on")
def test_words_of_an_incident_are_text_and_no_markup(client_as: ClientAs, admin: User) -> None:
    nasty = INCIDENT | {"title": "<img src=x>", "body": "<script>alert(1)</script>\nzwei"}
    client_as(admin).post("/monitoring/status/incidents/new", nasty)
    for html in (read(), read(client_as(admin), "/monitoring/status")):
        assert "<img src=x" not in html
        assert "<script>alert" not in html


def _times(start: dt.datetime, hours: float) -> dict[str, str]:
    local = timezone.localtime(start)
    end = local + dt.timedelta(hours=hours)
    return {"starts_at": f"{local:%Y-%m-%dT%H:%M:%S}", "ends_at": f"{end:%Y-%m-%dT%H:%M:%S}"}


@pytest.mark.usefixtures("on")
def test_maintenance_is_declared_shown_and_ended(client_as: ClientAs, admin: User) -> None:
    health.keep(FINE, timezone.now())
    client = english(client_as(admin))
    later = timezone.now() + dt.timedelta(days=2)
    values = {"title": "Troca do servidor", "note": "Uma hora.", "components": ["database"], **_times(later, 1)}
    assert client.post("/monitoring/status/maintenance/new", values).status_code == 302
    html = read()
    assert "Planned maintenance" in html
    assert "Troca do servidor" in html
    assert "Everything works" in html
    planned = Maintenance.objects.get()
    client.post(f"/monitoring/status/maintenance/{planned.pk}/end")
    assert "Troca do servidor" not in read()
    assert "called off" in read(client, "/monitoring/status")
    assert AuditEvent.objects.filter(resource_type="maintenance").count() == 2
    client.post(f"/monitoring/status/maintenance/{planned.pk}/end")
    assert AuditEvent.objects.filter(resource_type="maintenance").count() == 2


@pytest.mark.usefixtures("on")
def test_running_maintenance_is_not_an_outage_and_ends_early(client_as: ClientAs, admin: User) -> None:
    now = timezone.now()
    client = english(client_as(admin))
    values = {"title": "Redis novo", "components": ["redis"], **_times(now, 1)}
    client.post("/monitoring/status/maintenance/new", values)
    health.keep([FINE[0], Outcome("redis", Status.DOWN, failures=2), FINE[2]], timezone.now())
    html = read()
    assert "Maintenance is under way" in html
    assert "There is an outage" not in html
    client.post(f"/monitoring/status/maintenance/{Maintenance.objects.get().pk}/end")
    assert "There is an outage" in read()


def test_maintenance_is_never_declared_for_the_past(client_as: ClientAs, admin: User) -> None:
    now = timezone.now()
    client = client_as(admin)
    for start, hours in ((now - dt.timedelta(hours=1), 2.0), (now, -1.0), (now, 24 * 8.0)):
        values = {"title": "x", **_times(start, hours)}
        assert client.post("/monitoring/status/maintenance/new", values).status_code == 422
    assert not Maintenance.objects.exists()
    # A form that was open for two minutes: it begins now.
    client.post("/monitoring/status/maintenance/new", {"title": "x", **_times(now - dt.timedelta(minutes=2), 1)})
    assert Maintenance.objects.get().starts_at >= now


@pytest.mark.usefixtures("on")
def test_feed_is_atom_with_an_entry_for_each_update() -> None:
    incident = StatusIncident.objects.create(title="Lento", impact="degraded")
    for number, stage in enumerate(("investigating", "resolved")):
        at = timezone.now() + dt.timedelta(seconds=number)
        StatusUpdate.objects.create(incident=incident, stage=stage, body=f"<b>{stage}</b>", at=at)
    public.copy.forget()
    answer = Client().get("/status/feed")
    assert answer["Content-Type"].startswith("application/atom+xml")
    space = {"a": "http://www.w3.org/2005/Atom"}
    entries = ElementTree.fromstring(answer.content).findall("a:entry", space)
    assert [entry.findtext("a:summary", namespaces=space) for entry in entries] == [
        "<b>resolved</b>",
        "<b>investigating</b>",
    ]
    assert len({entry.findtext("a:id", namespaces=space) for entry in entries}) == 2


@pytest.mark.usefixtures("on")
def test_page_is_kept_for_a_few_seconds(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    read()
    with django_assert_num_queries(0):
        answer = Client().get("/status")
    assert answer.headers["Cache-Control"] == "private, max-age=10"
    assert "set-cookie" not in {name.lower() for name in answer.headers if name.lower() == "fvdash_session"}


@pytest.mark.usefixtures("on")
def test_pages_need_few_queries_however_much_is_written(
    client_as: ClientAs, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for number in range(20):
        incident = StatusIncident.objects.create(title=f"Incidente {number}", impact="down")
        StatusUpdate.objects.create(incident=incident, stage="investigating", body="x")
        Maintenance.objects.create(title=f"Nº {number}", starts_at=now, ends_at=now + dt.timedelta(hours=1))
        since = now - dt.timedelta(days=number + 1)
        Span.objects.create(name="api", status="ok", since=since, until=since + dt.timedelta(days=1))
    client = client_as(admin)
    client.get("/monitoring/status")
    public.copy.forget()
    with django_assert_max_num_queries(8):
        Client().get("/status")
    with django_assert_max_num_queries(10):
        client.get("/monitoring/status")
    with django_assert_max_num_queries(10):
        client.get(f"/monitoring/status/incidents/{StatusIncident.objects.latest('pk').pk}")


@pytest.mark.usefixtures("on")
def test_page_goes_on_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    health.keep(FINE, timezone.now())
    StatusIncident.objects.create(title="Mensagens atrasadas", impact="degraded", components=["redis"])
    read()

    def away(now: dt.datetime) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(queries, "written", away)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction
    down = health.report_of([Outcome("database", Status.DOWN), FINE[1], FINE[2]], {})
    monkeypatch.setattr(health, "current", lambda now: down)
    public.copy._until = 0
    html = english(Client()).get("/status").content.decode()
    assert "There is an outage" in html
    assert "Mensagens atrasadas" in html
    assert "newer ones cannot be read right now" in html


def test_process_that_never_saw_the_page_says_that_it_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(now: dt.datetime) -> None:
        raise OperationalError("server closed the connection")

    public.copy.forget()
    monkeypatch.setattr(queries, "written", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    assert Client().get("/status").status_code == 503
    public.copy.forget()


@pytest.mark.usefixtures("on")
def test_service_of_others_that_is_down_is_not_an_outage_of_ours(settings: Any) -> None:
    from core.configuration.environment import load

    settings.ENV = load({"WHATSAPP_ACCESS_TOKEN": "x", "WHATSAPP_PHONE_NUMBER_ID": "1"})
    health.keep([*FINE, Outcome("whatsapp", Status.DOWN, failures=2)], timezone.now())
    html = read()
    assert "Some parts have difficulty" in html
    assert re.search(r"WhatsApp.*does not work", html, re.S)


@pytest.mark.usefixtures("on")
def test_poll_gets_the_live_part_alone() -> None:
    headers = {"HX-Request": "true", "HX-Target": "div#live", "X-Poll": "1"}
    public.copy.forget()
    assert Client().get("/status", headers=headers).content.decode().lstrip().startswith('<div id="live"')
