"""What beat runs is written down by Celery's own signals, well or ill."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from celery import current_app, shared_task
from celery.app.trace import build_tracer
from celery.schedules import crontab

import core.schedule as schedule
from core.models import BeatRun
from core.schedule import Entry

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


@shared_task(name="tests.fine")
def fine() -> str:
    return "3 rows"


@shared_task(name="tests.broken")
def broken() -> str:
    raise OSError("no space left on postgresql://fvdash:hunter2@db/x")


@pytest.fixture
def _quiet_log() -> Iterator[None]:
    import logging

    logging.getLogger("celery.app.trace").disabled = True
    yield
    logging.getLogger("celery.app.trace").disabled = False


def _run(task_name: str, entry: str | None) -> None:
    """As a worker runs a message: through Celery's tracer, with the headers that beat sends."""
    task = current_app.tasks[task_name]
    task_id = str(uuid.uuid4())
    request = {"id": task_id, "headers": {"beat_entry": entry} if entry else {}, "is_eager": False}
    build_tracer(task_name, task, app=current_app, propagate=False)(task_id, [], {}, request)


def test_run_that_went_well_is_kept_with_its_answer() -> None:
    _run("tests.fine", "nightly")
    run = BeatRun.objects.get(name="nightly")
    assert (run.last_outcome, run.last_detail, run.runs, run.failures) == ("ok", "3 rows", 1, 0)
    assert run.last_succeeded_at == run.last_finished_at
    assert run.last_started_at is not None
    assert run.last_finished_at is not None
    assert run.last_duration_ms is not None


@pytest.mark.usefixtures("_quiet_log")
def test_run_that_failed_says_how_and_the_failure_stays_after_it_went_well() -> None:
    _run("tests.broken", "nightly")
    run = BeatRun.objects.get(name="nightly")
    assert run.last_outcome == "failed"
    assert "no space left" in run.last_detail
    assert "hunter2" not in run.last_detail
    _run("tests.fine", "nightly")
    run = BeatRun.objects.get(name="nightly")
    assert (run.last_outcome, run.runs, run.failures) == ("ok", 2, 1)
    assert "no space left" in run.last_failure
    fine = run.last_succeeded_at
    _run("tests.broken", "nightly")
    assert BeatRun.objects.get(name="nightly").last_succeeded_at == fine


def test_task_that_beat_did_not_send_is_no_run() -> None:
    _run("tests.fine", None)
    assert not BeatRun.objects.exists()


def test_every_entry_names_a_task_that_exists() -> None:
    current_app.loader.import_default_modules()
    assert [entry.name for entry in schedule.entries().values() if entry.task not in current_app.tasks] == []


def test_message_of_beat_carries_the_entry_and_its_expiry() -> None:
    sent = schedule.beat_schedule()["outbox-sweep"]
    assert sent["options"] == {"headers": {"beat_entry": "outbox-sweep"}, "expires": 10}


@pytest.mark.parametrize(
    ("every", "last", "expected"),
    [
        (30.0, NOW - dt.timedelta(seconds=10), NOW + dt.timedelta(seconds=20)),
        (30.0, NOW - dt.timedelta(seconds=90), NOW - dt.timedelta(seconds=60)),
        (30.0, None, NOW),
        # 03:20 in São Paulo is 06:20 in UTC.
        (
            crontab(hour="3", minute="20"),
            NOW - dt.timedelta(hours=5, minutes=40),
            NOW + dt.timedelta(hours=18, minutes=20),
        ),
        (crontab(hour="3", minute="20"), NOW - dt.timedelta(days=2), NOW - dt.timedelta(days=1, hours=5, minutes=40)),
    ],
)
def test_next_run_follows_the_last(every: float | crontab, last: dt.datetime | None, expected: dt.datetime) -> None:
    due = schedule.next_run(Entry("x", "x", every, "x"), last, NOW)
    assert abs(due - expected) < dt.timedelta(seconds=61)
