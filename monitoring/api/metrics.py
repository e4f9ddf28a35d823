"""`/api/metrics…`: pushes of custom samples, and series of any metric."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from core.api.auth import viewer_of_request
from core.api.problems import Problem
from monitoring import pushes, series

router = Router(tags=["metrics"])


class SampleIn(Schema):
    """One sample of a custom metric."""

    model_config = {"extra": "forbid"}

    metric: str = Field(examples=["queue.waiting"], description="A name of your own; those of the product are 409.")
    value: float
    labels: dict[str, str] = Field(default_factory=dict, description="At most 10; no ids, which never end.")
    at: AwareDatetime | None = Field(None, description="RFC 3339, from 47 hours ago until now; default now.")
    fresh_s: int = Field(60, description="For how many seconds it is the present value: 10 to 900.")


class PushIn(Schema):
    model_config = {"extra": "forbid"}

    samples: list[SampleIn] = Field(min_length=1, max_length=pushes.MOST_SAMPLES)


class PushOut(Schema):
    accepted: int


class PointOut(Schema):
    at: dt.datetime
    value: float | None = Field(description="null is a gap: nothing was measured.")


class SeriesOut(Schema):
    labels: dict[str, str]
    points: list[PointOut]


class QueryOut(Schema):
    """The series of one metric."""

    metric: str
    unit: str
    agg: str
    step: int = Field(description="Seconds; longer than asked for where what is that fine is no longer kept.")
    series: list[SeriesOut]


@router.post("metrics", response=PushOut, summary="Push samples of custom metrics")
def push(request: HttpRequest, payload: PushIn) -> dict[str, int]:
    """All samples are kept, or none. One pushed again for the same series and time replaces the first."""
    taken = [
        pushes.Pushed(one.metric, one.value, one.labels, one.at.astimezone(dt.UTC) if one.at else None, one.fresh_s)
        for one in payload.samples
    ]
    try:
        return {"accepted": pushes.push(viewer_of_request(request), taken, timezone.now())}
    except pushes.NameTaken as error:
        raise Problem(409, f"{error} is measured by the dashboard itself: push under another name.") from error
    except pushes.Rejected as error:
        errors = [{"field": fault.field, "message": fault.message} for fault in error.faults[:20]]
        raise Problem(422, str(error), errors=errors) from error


@router.get("metrics/query", response=QueryOut, summary="A series of any metric")
def query(
    request: HttpRequest,
    metric: Annotated[str, Query(description="A name of the registry, or of a custom metric.")],
    from_: Annotated[AwareDatetime | None, Query(alias="from", description="Default: an hour before `to`.")] = None,
    to: Annotated[AwareDatetime | None, Query(description="Default: now.")] = None,
    step: Annotated[str | None, Query(description="Seconds, or 30s, 5m, 1h, 1d; default: about 240 points.")] = None,
    agg: Annotated[str, Query(description="avg, min, max, p95, sum or last, of the samples of a step.")] = "avg",
    host: Annotated[str | None, Query(description="Only this host's series.")] = None,
    label: Annotated[list[str] | None, Query(description="name=value; only series that have it.")] = None,
    currency: Annotated[str | None, Query(description="Of amounts, where agencies have several.")] = None,
) -> HttpResponse:
    """Gaps are points whose value is null. Steps begin at multiples of `step`; those of a day at midnight UTC,
    of figures of the business at midnight of the group's zone."""
    now = timezone.now()
    try:
        labels = dict(_pair(one) for one in label or [])
        answer = series.query(
            viewer_of_request(request),
            metric,
            from_,
            to,
            step,
            agg,
            now,
            host=host,
            labels=labels,
            currency=currency,
        )
    except series.NoSuchMetric as error:
        raise Http404 from error
    except series.Refused as refused:
        fault: dict[str, Any] = {"field": refused.field, "message": refused.message}
        if refused.allowed:
            fault["allowed"] = list(refused.allowed)
        raise Problem(422, refused.message, errors=[fault]) from refused
    return HttpResponse(_body(answer, agg), content_type="application/json")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise series.Refused("label", "Write a label as name=value.")
    return name, value


def _body(answer: series.Answer, agg: str) -> bytes:
    """The answer as JSON. Written out by hand, for there may be a hundred thousand points at the same times."""
    heads = [f'{{"at":"{rfc3339(at)}","value":' for at in answer.lines.times]
    parts = [_series(line.labels, line.values, heads) for line in answer.lines.lines]
    head = orjson.dumps(
        {
            "metric": answer.metric,
            "unit": answer.unit,
            "agg": agg,
            "step": int(answer.lines.step.total_seconds()),
        }
    )
    return head[:-1] + b',"series":[' + ",".join(parts).encode() + b"]}"


def _series(labels: Any, values: tuple[float | None, ...], heads: list[str]) -> str:
    points = ",".join(
        [f"{head}null}}" if value is None else f"{head}{value!r}}}" for head, value in zip(heads, values, strict=True)]
    )
    return f'{{"labels":{orjson.dumps(dict(labels)).decode()},"points":[{points}]}}'


def rfc3339(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
