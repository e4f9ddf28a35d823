"""The health endpoints in the API's document. `HealthMiddleware` answers them before anything else runs;
these are what it would be without."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from monitoring.log.api import router as log_router
from monitoring.middleware import answer, system_health

router = Router(tags=["health"])


class AliveOut(Schema):
    status: str = Field(examples=["ok"])


class CheckOut(Schema):
    """One health check."""

    name: str = Field(description="database, redis, api, meta, google or whatsapp.")
    status: str = Field(description="ok, degraded, down, unknown or not_configured.")
    latency_ms: float | None
    checked_at: dt.datetime | None
    detail: str | None = Field(description="What is wrong; for signed-in callers only.")


class SystemHealthOut(Schema):
    """The newest round of health checks."""

    status: str = Field(description="ok, degraded or down.")
    checks: list[CheckOut]


@router.get("health", auth=None, response=AliveOut, summary="The process lives")
def alive(request: HttpRequest) -> HttpResponse:
    """Asks no dependency, needs no sign-in, and has no limit."""
    return answer({"status": "ok"}, 200)


@router.get(
    "system/health",
    auth=None,
    response={200: SystemHealthOut, 503: SystemHealthOut},
    summary="What the product stands on, checked",
)
def system(request: HttpRequest) -> HttpResponse:
    """200 for ok and degraded, 503 for down. What is not configured counts neither way."""
    return system_health(request)


router.add_router("", log_router)
