"""/monitoring/metric, /monitoring/metrics, deleting a custom metric, and annotations by the API."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from core.audit.models import AuditEvent
from core.events import EventData
from core.models import User
from core.people.viewers import viewer_of
from monitoring import handlers, pushes, store
from monitoring.models import Annotation, Series
from monitoring.page.actions import note_version
from monitoring.pushes import Pushed
from monitoring.store import Sampled

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]


@pytest.fixture
def browser(client_as: ClientAs, admin: User) -> Client:
    client = client_as(admin)
    client.cookies["fvdash_language"] = "en"
    return client


@pytest.fixture
def pushed(admin: User) -> dt.datetime:
    now = timezone.now()
    viewer = viewer_of(admin)
    pushes.push(viewer, [Pushed("shop.orders", value, {"shop": shop}) for shop, value in (("a", 3.0), ("b", 9.5))], now)
    return now


def test_a_metric_with_all_its_series(browser: Client) -> None:
    now = timezone.now()
    for core in range(3):
        store.write("app-01", now, [Sampled("cpu.core_pct", 10.0 * core, {"core": str(core)})])
    html = browser.get("/monitoring/metric?metric=cpu.core_pct").content.decode()
    assert "app-01, core 2" in html
    assert "3 series" in html
    assert "20.0%" in html
    assert "/api/metrics/query?metric=cpu.core_pct" in html
    narrow = browser.get("/monitoring/metric?metric=cpu.core_pct&label=core%3D1").content.decode()
    assert "app-01, core 2" not in narrow
    assert "1 series" in narrow


def test_a_custom_metric_and_its_csv(browser: Client, pushed: dt.datetime) -> None:
    assert "shop b" in browser.get("/monitoring/metric?metric=shop.orders&agg=max").content.decode()
    answer = browser.get("/monitoring/metric?metric=shop.orders&window=15m&format=csv")
    lines = b"".join(answer).decode().splitlines()
    assert lines[0] == "at,shop a,shop b"
    assert any(line.endswith(",3.0,9.5") for line in lines)
    assert any(line.endswith("Z,,") for line in lines)  # nothing measured is nothing, not 0


def test_an_unknown_metric_is_404(browser: Client) -> None:
    assert browser.get("/monitoring/metric?metric=nothing.here").status_code == 404
    assert browser.get("/monitoring/metric").status_code == 404


def test_custom_metrics_are_listed(browser: Client, pushed: dt.datetime) -> None:
    html = browser.get("/monitoring/metrics").content.decode()
    assert "shop.orders" in html
    assert "fresh" in html
    assert "custom: 2 of" in html


def test_deleting_asks_for_the_name_and_is_audited(browser: Client, pushed: dt.datetime) -> None:
    address = "/monitoring/metrics/shop.orders/delete"
    assert "Its 2 series go" in browser.get(address).content.decode()
    assert browser.post(address, {"confirm": "orders"}).status_code == 422
    assert Series.objects.filter(metric="shop.orders").count() == 2
    assert browser.post(address, {"confirm": "shop.orders"}).status_code == 302
    assert not Series.objects.filter(metric="shop.orders").exists()
    event = AuditEvent.objects.get(resource_type="metric", resource_id="shop.orders")
    assert event.action == "data_delete"
    assert browser.get(address).status_code == 404


def test_a_deleted_metric_begins_anew(browser: Client, admin: User, pushed: dt.datetime) -> None:
    browser.post("/monitoring/metrics/shop.orders/delete", {"confirm": "shop.orders"})
    pushes.push(viewer_of(admin), [Pushed("shop.orders", 5.0, {"shop": "a"})], timezone.now())
    assert Series.objects.filter(metric="shop.orders").count() == 1
    assert "shop.orders" in browser.get("/monitoring/metrics").content.decode()


def test_only_a_global_admin_deletes(client_as: ClientAs, make_user: Callable[..., User], pushed: dt.datetime) -> None:
    client = client_as(make_user("operator"))
    assert client.post("/monitoring/metrics/shop.orders/delete", {"confirm": "shop.orders"}).status_code == 403
    assert "/delete" not in client.get("/monitoring/metrics").content.decode()
    # What the product measures is not anybody's to delete.
    store.write("app-01", timezone.now(), [Sampled("cpu_pct", 1.0)])
    assert client_as(make_user("admin")).get("/monitoring/metrics/cpu_pct/delete").status_code == 404


def test_a_pipeline_marks_a_deployment_once(browser: Client) -> None:
    body = {"text": "2026.11.24-4", "key": "build-77", "link": "https://ci.example.com/77"}
    first = browser.post("/api/monitoring/annotations", body, content_type="application/json")
    again = browser.post("/api/monitoring/annotations", body, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {"created": True}
    assert Annotation.objects.get().text == "2026.11.24-4"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "//evil.example.com"}, "link"),
        ({"kind": "alert"}, "kind"),
        ({"text": "  "}, "text"),
        ({"at": "2019-01-01T00:00:00Z"}, "at"),
    ],
)
def test_a_wrong_annotation_is_422(browser: Client, change: dict[str, str], field: str) -> None:
    answer = browser.post("/api/monitoring/annotations", {"text": "x", **change}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_an_agency_may_not_annotate(client_as: ClientAs, agency_admin: User) -> None:
    answer = client_as(agency_admin).post("/api/monitoring/annotations", {"text": "x"}, content_type="application/json")
    assert answer.status_code == 403


def test_events_become_annotations_once() -> None:
    event = EventData(uuid.uuid4(), "backup.failed", None, timezone.now(), None, {"id": "7", "kind": "full"})
    handlers.note_backup(event)
    handlers.note_backup(event)
    row = Annotation.objects.get()
    assert (row.kind, row.event, row.text, row.link, row.bad) == ("backup", "backup.failed", "full", "/backup/7", True)


def test_a_version_is_noted_when_it_changes() -> None:
    now = timezone.now()
    assert note_version("1", now)
    assert not note_version("1", now + dt.timedelta(minutes=1))
    assert note_version("2", now + dt.timedelta(minutes=2))
    assert note_version("1", now + dt.timedelta(minutes=3))  # back to the one before
    assert Annotation.objects.count() == 3
