"""The dead-man's ping: through the task, to a watcher on a real socket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.configuration.environment import load
from core.http.errors import CallError
from core.models import BeatRun, User
from core.schedule import entries
from monitoring import tasks
from monitoring.health import heartbeat
from monitoring.health.heartbeat import Heard
from tests.fakes.web import FakeWeb, Reply

SECRET = "/ping/2f1d-secret"


@pytest.fixture
def watcher(settings: Any) -> Iterator[FakeWeb]:
    with FakeWeb({SECRET: Reply(200, "OK")}).running() as web:
        settings.ENV = load({"FVDASH_HEARTBEAT_URL": f"{web.url}{SECRET}"})
        yield web


def test_beat_calls_the_watcher_every_minute() -> None:
    entry = entries()["heartbeat"]
    assert (entry.task, entry.every) == ("monitoring.tasks.beat_heart", 60)


def test_watcher_is_called(watcher: FakeWeb) -> None:
    assert tasks.beat_heart().startswith("told in ")
    assert [(one.method, one.path) for one in watcher.seen] == [("GET", SECRET)]


def test_without_a_watcher_nobody_is_called(settings: Any) -> None:
    settings.ENV = load({})
    assert tasks.beat_heart() == "not configured: FVDASH_HEARTBEAT_URL"


@pytest.mark.parametrize("reply", [Reply(404), Reply(500), Reply(301, b"", {"Location": "/login"})])
def test_refusal_is_a_failure_that_does_not_tell_the_address(watcher: FakeWeb, reply: Reply) -> None:
    watcher.replies[SECRET] = reply
    with pytest.raises(CallError) as caught:
        tasks.beat_heart()
    assert str(reply.status) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_watcher_that_is_gone_is_a_failure(settings: Any) -> None:
    settings.ENV = load({"FVDASH_HEARTBEAT_URL": f"http://127.0.0.1:1{SECRET}"})
    with pytest.raises(CallError, match="connection refused") as caught:
        tasks.beat_heart()
    assert "secret" not in str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ago_s", "outcome", "expected"),
    [(20, "ok", Heard.OK), (20, "failed", Heard.FAILED), (200, "ok", Heard.LATE), (None, "", Heard.WAITING)],
)
def test_state_is_told_on_the_page(
    watcher: FakeWeb, client_as: Callable[[User], Client], admin: User, ago_s: int | None, outcome: str, expected: Heard
) -> None:
    now = timezone.now()
    if ago_s is not None:
        at = now - dt.timedelta(seconds=ago_s)
        BeatRun.objects.create(
            name="heartbeat",
            last_started_at=at,
            last_finished_at=at,
            last_outcome=outcome,
            last_detail="the watcher: answered 404" if outcome == "failed" else "",
        )
    assert heartbeat.heartbeat(now).state is expected
    client = client_as(admin)
    client.cookies["fvdash_language"] = "en"
    html = client.get("/monitoring").content.decode()
    assert ("answered 404" in html) is (expected is Heard.FAILED)
    assert ("beat or worker stands still" in html) is (expected is Heard.LATE)


@pytest.mark.django_db
def test_without_a_watcher_the_page_says_what_to_set(client_as: Callable[[User], Client], admin: User) -> None:
    assert "FVDASH_HEARTBEAT_URL" in client_as(admin).get("/monitoring").content.decode()
