"""`POST /api/metrics` and `GET /api/metrics/query`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Agency, User
from monitoring.models import Raw, Series

pytestmark = pytest.mark.django_db


class Api:
    """Calls with a token."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = Client()

    def push(self, *samples: dict[str, Any]) -> Any:
        body = {"samples": list(samples)}
        return self._client.post("/api/metrics", body, content_type="application/json", headers=self._headers)

    def query(self, **parameters: Any) -> Any:
        return self._client.get("/api/metrics/query", parameters, headers=self._headers)


@pytest.fixture
def api(admin: User, make_token: Callable[..., str]) -> Api:
    return Api(make_token(admin))


def stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def test_what_is_pushed_is_read_back_with_its_gaps(api: Api) -> None:
    begun = (timezone.now() - dt.timedelta(minutes=10)).replace(second=0, microsecond=0)
    samples = [
        {"metric": "jobs.waiting", "value": value, "labels": {"queue": "mail"}, "at": stamp(begun + late)}
        for value, late in (
            (4, dt.timedelta(seconds=5)),
            (6, dt.timedelta(seconds=35)),
            (9, dt.timedelta(minutes=2)),
        )
    ]
    answer = api.push(*samples)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 3})
    found = api.query(
        metric="jobs.waiting", step="60", to=stamp(begun + dt.timedelta(minutes=3)), **{"from": stamp(begun)}
    ).json()
    assert (found["metric"], found["unit"], found["step"]) == ("jobs.waiting", "custom", 60)
    (line,) = found["series"]
    assert line["labels"] == {"queue": "mail"}
    assert [point["value"] for point in line["points"]] == [5.0, None, 9.0]
    assert line["points"][0]["at"] == stamp(begun)


@pytest.mark.parametrize(
    ("agg", "value"), [("avg", 3.0), ("min", 1.0), ("max", 5.0), ("sum", 9.0), ("last", 3.0), ("p95", 5.0)]
)
def test_every_aggregate(api: Api, agg: str, value: float) -> None:
    begun = (timezone.now() - dt.timedelta(minutes=5)).replace(second=0, microsecond=0)
    api.push(
        *[
            {"metric": "a.b", "value": one, "at": stamp(begun + dt.timedelta(seconds=n))}
            for n, one in enumerate((1, 5, 3))
        ]
    )
    found = api.query(
        metric="a.b", step="1m", agg=agg, to=stamp(begun + dt.timedelta(minutes=1)), **{"from": stamp(begun)}
    )
    assert [point["value"] for point in found.json()["series"][0]["points"]] == [value]


@pytest.mark.parametrize("name", ["cpu_pct", "revenue_month", "error_rate_pct"])
def test_a_name_of_the_registry_is_a_conflict(api: Api, name: str) -> None:
    answer = api.push({"metric": name, "value": 1})
    assert answer.status_code == 409
    assert name in answer.json()["detail"]
    assert not Raw.objects.exists()


@pytest.mark.parametrize(
    ("sample", "field"),
    [
        ({"metric": "Bad Name", "value": 1}, "samples.0.metric"),
        ({"metric": "a", "value": 1, "labels": {"host": "x"}}, "samples.0.labels"),
        ({"metric": "a", "value": 1, "labels": {"k": "v" * 101}}, "samples.0.labels.k"),
        ({"metric": "a", "value": 1, "at": "2001-01-01T00:00:00Z"}, "samples.0.at"),
        ({"metric": "a", "value": 1, "at": "2999-01-01T00:00:00Z"}, "samples.0.at"),
        ({"metric": "a", "value": 1, "at": "2026-01-01T00:00:00"}, "samples.0.at"),
        ({"metric": "a", "value": "much"}, "samples.0.value"),
        ({"metric": "a", "value": 1, "fresh_s": 5}, "samples.0.fresh_s"),
        ({"metric": "a", "value": 1, "tag": "x"}, "samples.0.tag"),
        ({"metric": "a"}, "samples.0.value"),
    ],
)
def test_one_bad_sample_rejects_the_push_and_is_named(api: Api, sample: dict[str, Any], field: str) -> None:
    answer = api.push(sample, {"metric": "good", "value": 1})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not Raw.objects.exists()


def test_too_many_series_of_a_metric_are_told_with_the_label_that_varies(api: Api) -> None:
    for start in range(0, 1000, 500):
        many = [{"metric": "a.b", "value": 1, "labels": {"user": str(start + n)}} for n in range(500)]
        assert api.push(*many).status_code == 200
    answer = api.push({"metric": "a.b", "value": 1, "labels": {"user": "1001"}})
    assert answer.status_code == 422
    assert "user" in answer.json()["detail"]
    assert Series.objects.filter(metric="a.b").count() == 1000
    # Those that are there go on.
    assert api.push({"metric": "a.b", "value": 2, "labels": {"user": "7"}}).status_code == 200


def test_an_empty_and_an_endless_push_are_refused(api: Api) -> None:
    assert api.push().status_code == 422
    assert api.push(*[{"metric": "a", "value": 1}] * 1001).status_code == 422


def test_only_operators_and_admins_of_the_group(
    make_user: Callable[..., User], make_token: Callable[..., str], agency: Agency, outsider: User
) -> None:
    people = {
        200: [make_user("admin"), make_user("operator")],
        403: [make_user("viewer"), make_user("dpo"), make_user("admin", agency), outsider, make_user()],
    }
    for status, allowed in people.items():
        for person in allowed:
            api = Api(make_token(person))
            assert api.push({"metric": "a", "value": 1}).status_code == status
            assert api.query(metric="a").status_code == status
    assert Client().get("/api/metrics/query", {"metric": "a"}).status_code == 401


def test_a_token_without_the_scope_is_denied(admin: User, make_token: Callable[..., str]) -> None:
    api = Api(make_token(admin, "business"))
    assert api.push({"metric": "a", "value": 1}).status_code == 403
    assert api.query(metric="cpu_pct").status_code == 403


def test_figures_of_the_business_have_one_value_a_day(api: Api, agency: Agency, operator: User) -> None:
    found = api.query(metric="active_projects")
    assert found.status_code == 200
    assert found.json()["step"] == 86400
    assert api.query(metric="active_projects", step="60").status_code == 422


def test_figures_of_the_business_are_for_who_may_see_the_executive_page(
    make_user: Callable[..., User], make_token: Callable[..., str], agency: Agency
) -> None:
    for person in (make_user("operator"), make_user("admin", agency)):
        assert Api(make_token(person)).query(metric="revenue_month").status_code == 403


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"agg": "median"}, "agg"),
        ({"step": "soon"}, "step"),
        ({"step": "0"}, "step"),
        ({"step": "1", "from": "2026-01-01T00:00:00Z"}, "step"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"label": "x"}, "label"),
    ],
)
def test_what_cannot_be_answered_says_which_parameter(api: Api, parameters: dict[str, str], field: str) -> None:
    api.push({"metric": "a", "value": 1})
    answer = api.query(metric="a", **parameters)
    assert answer.status_code == 422
    assert any(field in error["field"] for error in answer.json()["errors"]), answer.json()


def test_an_unknown_metric_is_not_found(api: Api) -> None:
    assert api.query(metric="no.such").status_code == 404


def test_labels_and_host_narrow_the_series(api: Api) -> None:
    api.push(*[{"metric": "a", "value": n, "labels": {"core": str(n), "kind": "x"}} for n in range(3)])
    found = api.query(metric="a", label="core=1").json()
    assert [line["labels"] for line in found["series"]] == [{"core": "1", "kind": "x"}]
    assert api.query(metric="a", label="core=9").json()["series"] == []
