"""Jobs: progress, cancelling, losing a worker; over the API, for those who may see them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from celery import shared_task
from django.test import Client
from django.utils import timezone

from core import jobs, tasks
from core.jobs.models import Job
from core.models import Agency, User
from core.people.access import Area
from core.people.viewers import viewer_of

pytestmark = pytest.mark.django_db
RunTasks = Callable[[], AbstractContextManager[None]]
ClientAs = Callable[[User], Client]


@shared_task(name="tests.count_to")
def count_to(job_id: str) -> None:
    with jobs.running(job_id) as (job, progress):
        for number in range(1, job.arguments["to"] + 1):
            progress.report(100 * number / job.arguments["to"], f"step {number}", force=True)
            if number == job.arguments.get("fail_at"):
                raise jobs.JobFailed("the file ends in the middle of a line")
        job.result = {"steps": job.arguments["to"]}


def _start(user: User, agency: Agency | None, **arguments: int) -> uuid.UUID:
    return jobs.start(
        "count",
        count_to,
        viewer=viewer_of(user),
        area=Area.BUSINESS,
        agency_id=agency.pk if agency else None,
        arguments={"to": 3, **arguments},
    )


def test_job_runs_to_its_end_with_a_result(
    agency: Agency, agency_admin: User, run_tasks: RunTasks, client_as: ClientAs
) -> None:
    with run_tasks():
        job_id = _start(agency_admin, agency)
    body = client_as(agency_admin).get(f"/api/jobs/{job_id}").json()
    assert (body["status"], body["progress"], body["result"]) == ("done", 100, {"steps": 3})
    assert body["finished_at"].endswith("Z")


def test_job_that_fails_says_why(agency: Agency, agency_admin: User, run_tasks: RunTasks, client_as: ClientAs) -> None:
    with run_tasks():
        job_id = _start(agency_admin, agency, fail_at=2)
    body = client_as(agency_admin).get(f"/api/jobs/{job_id}").json()
    assert (body["status"], body["detail"]) == ("failed", "the file ends in the middle of a line")
    assert body["result"] is None


def test_nothing_is_queued_for_a_job_that_was_rolled_back(agency: Agency, agency_admin: User) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        _start(agency_admin, agency)
        raise RuntimeError
    assert not Job.objects.exists()


def test_queued_job_that_is_cancelled_never_starts(agency: Agency, agency_admin: User, client_as: ClientAs) -> None:
    job_id = _start(agency_admin, agency)
    answer = client_as(agency_admin).post(f"/api/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    with pytest.raises(jobs.NotQueued):
        count_to(str(job_id))
    assert Job.objects.get(pk=job_id).progress == 0


def test_running_job_stops_at_its_next_step(agency: Agency, agency_admin: User, client_as: ClientAs) -> None:
    job_id, went_on = _start(agency_admin, agency), False
    with jobs.running(str(job_id)) as (_job, progress):
        progress.report(10, "working", force=True)
        assert client_as(agency_admin).post(f"/api/jobs/{job_id}/cancel").json()["status"] == "running"
        progress.report(20, "still working", force=True)
        went_on = True
    assert not went_on
    assert Job.objects.get(pk=job_id).status == "cancelled"


def test_cancelling_what_is_over_is_a_conflict(
    agency: Agency, agency_admin: User, run_tasks: RunTasks, client_as: ClientAs
) -> None:
    with run_tasks():
        job_id = _start(agency_admin, agency)
    answer = client_as(agency_admin).post(f"/api/jobs/{job_id}/cancel")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"


def test_message_that_comes_twice_runs_once(agency: Agency, agency_admin: User, run_tasks: RunTasks) -> None:
    with run_tasks():
        job_id = _start(agency_admin, agency)
    with pytest.raises(jobs.NotQueued):
        count_to(str(job_id))
    assert Job.objects.get(pk=job_id).status == "done"


def test_job_whose_worker_stopped_is_failed(agency: Agency, agency_admin: User) -> None:
    job_id = _start(agency_admin, agency)
    Job.objects.filter(pk=job_id).update(
        status="running", heartbeat_at=timezone.now() - jobs.LOST_AFTER - dt.timedelta(seconds=1)
    )
    assert tasks.fail_lost_jobs() == "1 lost"
    assert "start it again" in Job.objects.get(pk=job_id).detail


def test_job_that_nobody_took_for_a_day_is_failed(agency: Agency, agency_admin: User) -> None:
    job_id = _start(agency_admin, agency)
    Job.objects.filter(pk=job_id).update(created_at=timezone.now() - dt.timedelta(days=1, seconds=1))
    assert tasks.fail_lost_jobs() == "1 lost"


def test_queue_that_is_away_fails_the_job_and_not_the_request(
    agency: Agency,
    agency_admin: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionError("redis is away")

    monkeypatch.setattr(count_to, "delay", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job_id = _start(agency_admin, agency)
    job = Job.objects.get(pk=job_id)
    assert (job.status, job.detail) == ("failed", "the queue did not answer; start it again")


@pytest.mark.parametrize("page", ["/api/jobs/{}", "/jobs/{}"])
def test_outsider_finds_no_job_of_another_agency(
    page: str, agency: Agency, agency_admin: User, outsider: User, client_as: ClientAs
) -> None:
    job_id = _start(agency_admin, agency)
    assert client_as(outsider).get(page.format(job_id)).status_code == 404
    assert client_as(agency_admin).get(page.format(job_id)).status_code == 200


def test_outsider_cancels_no_job_of_another_agency(
    agency: Agency, agency_admin: User, outsider: User, client_as: ClientAs
) -> None:
    job_id = _start(agency_admin, agency)
    assert client_as(outsider).post(f"/api/jobs/{job_id}/cancel").status_code == 404
    assert client_as(outsider).post(f"/jobs/{job_id}/cancel").status_code == 404
    assert Job.objects.get(pk=job_id).status == "queued"


def test_token_without_the_scope_finds_no_job(
    agency: Agency, agency_admin: User, make_token: Callable[..., str], client: Client
) -> None:
    job_id = _start(agency_admin, agency)
    for scope, status in (("executive", 404), ("business", 200)):
        token = make_token(agency_admin, scope)
        answer = client.get(f"/api/jobs/{job_id}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status


def test_page_asks_again_only_while_the_job_goes_on(
    agency: Agency, agency_admin: User, run_tasks: RunTasks, client_as: ClientAs
) -> None:
    client = client_as(agency_admin)
    job_id = _start(agency_admin, agency)
    going = client.get(f"/jobs/{job_id}")
    assert 'data-poll="2"' in going.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in going.content.decode()
    with jobs.running(str(job_id)) as (job, _progress):
        job.result = {"created": 1}
    over = client.get(f"/jobs/{job_id}")
    assert 'data-poll="2"' not in over.content.decode()
    assert "http-equiv" not in over.content.decode()


def test_partial_is_the_progress_alone(agency: Agency, agency_admin: User, client_as: ClientAs) -> None:
    job_id = _start(agency_admin, agency)
    headers = {"HX-Request": "true", "HX-Target": f"div#job-{job_id}"}
    answer = client_as(agency_admin).get(f"/jobs/{job_id}", headers=headers)
    assert answer.content.decode().lstrip().startswith('<div class="job"')


def test_person_cancels_on_the_page(agency: Agency, agency_admin: User, client_as: ClientAs) -> None:
    job_id = _start(agency_admin, agency)
    answer = client_as(agency_admin).post(f"/jobs/{job_id}/cancel")
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job_id}")
    assert Job.objects.get(pk=job_id).status == "cancelled"
