"""/monitoring/log and its API: groups, one group, one request; what people decide about a group."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core import metrics as registry
from core.audit.context import Actor, acting
from core.metrics import State, Where
from core.models import AuditEvent, Event, User
from monitoring import tasks
from monitoring.log.keeping import keeper
from monitoring.log.sampling import samples
from monitoring.models import LogEntry, LogGroup

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]
logger = logging.getLogger("tests.log")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    keeper.buffer.take()
    keeper.buffer.__init__()  # type: ignore[misc]
    yield
    keeper.buffer.take()


@pytest.fixture
def browser(client_as: ClientAs, admin: User) -> Client:
    client = client_as(admin)
    client.cookies["fvdash_language"] = "en"
    return client


def _html(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def _fill(user: User) -> LogGroup:
    """Two groups of a request and one of nobody."""
    with acting(Actor("user", user.pk, request_id="request-one")):
        logger.error("could not send the invoice %s", 4711, extra={"attempt": 3})
        try:
            raise ValueError("no such template")
        except ValueError:
            logging.getLogger("tests.mail").exception("mail failed")
    logger.warning("slow answer of the bank")
    keeper.flush()
    return LogGroup.objects.get(logger="tests.mail")


def _paths(pk: int) -> tuple[str, ...]:
    return (
        "/monitoring/log",
        f"/monitoring/log/{pk}",
        "/monitoring/log?request=request-one",
        "/monitoring/log?format=csv",
    )


def test_global_admin_and_operator_open_it_and_nobody_else(
    client: Client,
    client_as: ClientAs,
    make_user: Callable[..., User],
    make_token: Callable[..., str],
    agency_admin: User,
    operator: User,
    outsider: User,
) -> None:
    admin = make_user("admin")
    group = _fill(admin)
    for path in _paths(group.pk):
        assert client.get(path).status_code == 302
        for user in (admin, make_user("operator")):
            assert client_as(user).get(path).status_code == 200
        for user in (agency_admin, operator, outsider, make_user("dpo"), make_user("viewer"), make_user()):
            assert client_as(user).get(path).status_code == 403
    for path in ("/api/monitoring/log", f"/api/monitoring/log/{group.pk}"):
        assert client.get(path).status_code == 401
        for user, scopes, status in (
            (admin, ("monitoring",), 200),
            (admin, ("business",), 403),
            (agency_admin, (), 403),
            (outsider, (), 403),
        ):
            answer = client.get(path, headers={"Authorization": f"Bearer {make_token(user, *scopes)}"})
            assert answer.status_code == status
            assert status == 200 or answer["Content-Type"] == "application/problem+json"
    for user in (agency_admin, operator, outsider):
        assert client_as(user).post(f"/monitoring/log/{group.pk}/resolve").status_code == 403
    assert LogGroup.objects.get(pk=group.pk).state == "open"


def test_empty_log_says_that_all_is_well(browser: Client) -> None:
    assert "Nothing is open" in _html(browser, "/monitoring/log")
    assert "Nothing here" in _html(browser, "/monitoring/log?state=muted")
    assert "Nothing of this request is kept" in _html(browser, "/monitoring/log?request=unknown-one")
    assert browser.get("/monitoring/log/1").status_code == 404


def test_group_shows_its_traceback_and_where_it_happened(browser: Client, admin: User) -> None:
    group = _fill(admin)
    html = _html(browser, f"/monitoring/log/{group.pk}")
    for text in (
        "ValueError: no such template",
        "test_log_pages.py",
        "in _fill",
        "request-one",
        str(admin),
        str(os.getpid()),
    ):
        assert text in html, text
    whole = _html(browser, "/monitoring/log?request=request-one")
    assert "could not send the invoice 4711" in whole
    assert "mail failed" in whole
    assert "slow answer" not in whole
    assert "<code>attempt</code>" in whole


def test_person_who_is_gone_is_said_to_be(browser: Client, make_user: Callable[..., User]) -> None:
    gone = make_user("viewer")
    group = _fill(gone)
    gone.delete()
    assert "not known any more" in _html(browser, f"/monitoring/log/{group.pk}")


def test_filters_search_and_tabs(browser: Client, admin: User) -> None:
    group = _fill(admin)
    for query, found in {
        "": {"invoice", "mail", "bank"},
        "?level=error": {"invoice", "mail"},
        "?level=warning": {"bank"},
        "?logger=tests": {"invoice", "mail", "bank"},
        "?logger=tests.mail": {"mail"},
        "?logger=test": set(),
        "?window=1h": {"invoice", "mail", "bank"},
        "?q=INVOI": {"invoice"},
        "?q=4711": {"invoice"},
        "?q=request-one": {"invoice", "mail"},
        "?q=template+valueerror": {"mail"},
        "?q=nothing+of+it": set(),
        "?q=%27%26%21": set(),
        "?state=resolved": set(),
        "?state=all": {"invoice", "mail", "bank"},
    }.items():
        html = _html(browser, f"/monitoring/log{query}")
        shown = html.partition("<tbody>")[2].partition("</tbody>")[0]
        titles = {"invoice": "could not send", "mail": "no such template", "bank": "slow answer"}
        assert {name for name, title in titles.items() if title in shown} == found, query
    for wrong in ("state=x", "level=x", "sort=title", "cursor=x", "request=", f"request={'x' * 99}"):
        assert browser.get(f"/monitoring/log?{wrong}").status_code == 400, wrong
    LogGroup.objects.filter(pk=group.pk).update(last_seen=timezone.now() - dt.timedelta(hours=3))
    assert "no such template" not in _html(browser, "/monitoring/log?window=1h").partition("<tbody>")[2]


def test_resolve_mute_and_reopen_are_told_to_trail_and_events(browser: Client, admin: User) -> None:
    group = _fill(admin)
    Event.objects.all().delete()
    for verb, state in (("resolve", "resolved"), ("resolve", "resolved"), ("reopen", "open"), ("mute", "muted")):
        assert browser.post(f"/monitoring/log/{group.pk}/{verb}").status_code == 302
        group.refresh_from_db()
        assert (group.state, group.changed_by) == (state, admin)
    assert browser.post(f"/monitoring/log/{group.pk}/forget").status_code == 404
    assert browser.get(f"/monitoring/log/{group.pk}/mute").status_code == 405
    assert browser.post("/monitoring/log/999999/mute").status_code == 404
    trail = AuditEvent.objects.filter(resource_type="log_group", resource_id=str(group.pk)).order_by("id")
    assert [(one.action, one.actor_id, one.diff["state"]["new"]) for one in trail] == [
        ("config_change", admin.pk, state) for state in ("resolved", "open", "muted")
    ]
    types = Event.objects.order_by("occurred_at").values_list("type", flat=True)
    assert list(types) == ["log.group_resolved", "log.group_reopened", "log.group_muted"]
    assert "Reopen" in _html(browser, f"/monitoring/log/{group.pk}")


def _many(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_loggroup (fingerprint, level, logger, exception, place, title, search, count, lost,"
            " first_seen, last_seen, state, changed_at, request_id, host, process)"
            " SELECT md5(n::text), CASE n %% 3 WHEN 0 THEN 30 ELSE 40 END, 'app.part' || n %% 40, 'ValueError',"
            " 'a.py:b',"
            " 'ValueError: trouble ' || n, business_lexemes('trouble ' || n), n %% 90 + 1, 0,"
            " now() - interval '9 days', now() - n * interval '1 minute', 'open', now(), '', 'h', 'web'"
            " FROM generate_series(1, %s) n",
            [number],
        )


def test_list_pages_by_cursor_and_exports_everything(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _many(120)
    html = _html(browser, "/monitoring/log")
    assert "trouble 1<" in html
    assert "trouble 51<" not in html
    with django_assert_max_num_queries(10):
        _html(browser, "/monitoring/log?window=30d&q=trouble")
    csv = b"".join(browser.get("/monitoring/log?format=csv&level=error&sort=-count").streaming_content)  # type: ignore[attr-defined]
    assert csv.count(b"\n") == 81
    assert b"fingerprint" not in csv
    assert csv.decode("utf-8-sig").startswith("id,level,logger,")


def test_group_page_pages_its_entries_within_ten_queries(
    browser: Client, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with acting(Actor("user", admin.pk, request_id="request-one")):
        for number in range(45):
            logger.error("invoice %s", number)
    keeper.flush()
    group = LogGroup.objects.get()
    with django_assert_max_num_queries(10):
        html = _html(browser, f"/monitoring/log/{group.pk}")
    assert "invoice 44<" in html
    assert "invoice 20<" not in html
    oldest = LogEntry.objects.order_by("at", "id")[0]
    shown = _html(browser, f"/monitoring/log/{group.pk}?entry={oldest.pk}")
    assert "<dd>invoice 0</dd>" in shown
    assert "<dd>invoice 7</dd>" in _html(browser, f"/monitoring/log/{group.pk}?q=7")


def test_api_gives_the_same_rows(client: Client, admin: User, make_token: Callable[..., str]) -> None:
    group = _fill(admin)
    headers = {"Authorization": f"Bearer {make_token(admin)}"}
    body = client.get("/api/monitoring/log?level=error&limit=1", headers=headers).json()
    assert [item["logger"] for item in body["items"]] in (["tests.mail"], ["tests.log"])
    rest = client.get(f"/api/monitoring/log?level=error&limit=1&cursor={body['next']}", headers=headers).json()
    assert rest["next"] is None
    assert {item["logger"] for item in (*body["items"], *rest["items"])} == {"tests.mail", "tests.log"}
    one = client.get(f"/api/monitoring/log/{group.pk}", headers=headers).json()
    assert (one["count"], one["state"], one["exception"]) == (1, "open", "ValueError")
    assert one["entries"][0]["request_id"] == "request-one"
    assert "no such template" in one["entries"][0]["traceback"]
    assert client.get("/api/monitoring/log/999999", headers=headers).status_code == 404
    wrong = client.get("/api/monitoring/log?state=x", headers=headers)
    assert (wrong.status_code, wrong["Content-Type"]) == (422, "application/problem+json")
    assert client.get("/api/monitoring/log?cursor=x", headers=headers).status_code == 400


def test_metrics_count_the_last_whole_minute_and_what_is_open(admin: User) -> None:
    now = timezone.now()
    for seconds, level in ((20, logging.ERROR), (50, logging.CRITICAL), (30, logging.WARNING), (300, logging.ERROR)):
        record = logging.LogRecord("tests.log", level, __file__, 1, "at %s", (seconds,), None)
        record.created = now.timestamp() - seconds
        logger.handle(record)
    keeper.flush()
    found = {one.metric: one.value for one in samples(now)}
    assert found == {"log.errors_per_min": 2.0, "log.warnings_per_min": 1.0, "log.open_groups": 3.0}
    LogGroup.objects.filter(level=30).update(state="muted")
    assert {one.metric: one.value for one in samples(now)}["log.open_groups"] == 2
    where = Where(None, "UTC")
    gone = registry.read(["log.errors_per_min"], where, now - dt.timedelta(days=40))["log.errors_per_min"]
    assert (gone.value, gone.state) == (None, State.NO_DATA)
    series = registry.get("log.errors_per_min").series
    assert series is not None
    points = series(where, "log.errors_per_min", now.date() - dt.timedelta(days=3), now.date())
    assert [point.value is None for point in points[:2]] == [True, True]
    assert points[-1].value is not None
    assert points[-1].value > 0


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_old_days_are_dropped_whole_and_old_groups_forgotten(admin: User) -> None:
    from monitoring import partitions
    from monitoring.log.tables import ENTRIES

    now = timezone.now()
    old = now - dt.timedelta(days=33)
    partitions.ensure_for("owner", ENTRIES, old, old)
    for at, message in ((old, "long ago"), (now, "just now")):
        record = logging.LogRecord("tests.log", logging.ERROR, __file__, 1, message, (), None)
        record.created = at.timestamp()
        logger.handle(record)
    keeper.flush()
    assert LogEntry.objects.count() == 2
    assert "dropped" in tasks.keep_partitions()
    tasks.tidy()
    assert [entry.message for entry in LogEntry.objects.all()] == ["just now"]
    assert [group.title for group in LogGroup.objects.all()] == ["just now"]
