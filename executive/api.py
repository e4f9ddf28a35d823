"""`/api/executive/…`: the figures and their trends."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from core.api.auth import viewer_of_request
from core.api.problems import Problem
from core.metrics import Point, Unit
from executive import queries, trends
from executive.figures import FIELDS, GROUPS
from executive.scope import Asked, NoSuchAgency, Refused, ask, parse_day
from executive.trends import plain, unit_of

router = Router(tags=["executive"])

Day = Annotated[str | None, Query(description="A day, YYYY-MM-DD: the figures as of its end.")]
ScopeName = Annotated[str | None, Query(description="agency or global.")]
Slug = Annotated[str | None, Query(description="The agency's slug.")]
Currency = Annotated[str | None, Query(description="Needed where the agencies in scope have several currencies.")]


class Overview(Schema):
    revenue_month: str | None
    revenue_growth_pct: float | None
    active_projects: int | None
    active_users_30d: int | None
    health_score: float | None
    uptime_pct: float | None


class Performance(Schema):
    response_time_ms: float | None
    error_rate_pct: float | None
    cache_hit_rate_pct: float | None
    memory_pct: float | None
    cpu_pct: float | None
    db_connections: float | None


class Business(Schema):
    new_clients_month: int | None
    churn_pct: float | None
    satisfaction: float | None
    project_value_avg: str | None
    conversion_pct: float | None
    mrr: str | None


class Security(Schema):
    critical_alerts: int | None
    compliance_score: float | None
    failed_logins_24h: int | None
    backup_health_pct: float | None
    open_incidents: int | None


class Metrics(Schema):
    scope: Literal["agency", "global"]
    agency: str | None
    as_of: str
    overview: Overview
    performance: Performance
    business: Business
    security: Security
    currency: str | None


class TrendPoint(Schema):
    date: dt.date
    value: str | float | None


class TrendAnswer(Schema):
    metric: str
    unit: str
    points: list[TrendPoint]
    previous: list[TrendPoint]


def _asked(request: HttpRequest, **given: Any) -> Asked:
    try:
        return ask(viewer_of_request(request), timezone.now(), **given)
    except Refused as refused:
        raise _problem(refused) from refused
    except NoSuchAgency as error:
        raise Http404 from error


def _problem(refused: Refused) -> Problem:
    error: dict[str, Any] = {"field": refused.field, "message": refused.message}
    if refused.allowed:
        error["allowed"] = list(refused.allowed)
    return Problem(422, refused.message, errors=[error])


def rfc3339(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


@router.get("/executive/metrics", response=Metrics, summary="The figures as of now, or of the end of a day")
def executive_metrics(
    request: HttpRequest,
    scope: ScopeName = None,
    agency: Slug = None,
    as_of: Day = None,
    currency: Currency = None,
) -> dict[str, Any]:
    """Unknown figures are null, never 0. Amounts are text, percentages 0 to 100."""
    asked = _asked(request, scope=scope, agency=agency, as_of=as_of, currency=currency)
    found = queries.readings(asked)
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, field in FIELDS.items():
        groups[field.group][name] = plain(found[name].value, unit_of(name))
    return {
        "scope": asked.scope,
        "agency": asked.agency.slug if asked.agency else None,
        "as_of": rfc3339(asked.moment.at),
        **groups,
        "currency": asked.currency,
    }


@router.get("/executive/trends", response=TrendAnswer, summary="One value a day of a figure")
def executive_trends(
    request: HttpRequest,
    metric: Annotated[str, Query(description="A figure of the metrics, `projects` or `revenue`.")],
    days: Annotated[int, Query(ge=1, le=trends.MOST_DAYS)] = 30,
    until: Annotated[str | None, Query(description="The last day, YYYY-MM-DD; today by default.")] = None,
    scope: ScopeName = None,
    agency: Slug = None,
    currency: Currency = None,
) -> dict[str, Any]:
    """A day of which nothing is known has the value null. `previous` are as many days before."""
    try:
        metric = trends.check(metric)
        money = trends.is_money(metric)
        asked = _asked(request, scope=scope, agency=agency, currency=currency, money=money)
        last = parse_day("until", until, asked.zone, asked.moment.at)
    except Refused as refused:
        raise _problem(refused) from refused
    found = trends.trend(asked, metric, days, last)
    return {
        "metric": metric,
        "unit": asked.currency if found.unit is Unit.MONEY and asked.currency else found.unit.value,
        "points": _points(found.points, found.unit),
        "previous": _points(found.previous, found.unit),
    }


def _points(points: list[Point], unit: Unit) -> list[dict[str, Any]]:
    return [{"date": point.at, "value": plain(point.value, unit)} for point in points]
