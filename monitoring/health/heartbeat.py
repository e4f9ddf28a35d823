"""The dead-man's ping: beat has an outside watcher called every minute, so that silence is noticed out there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from core.http.client import Retry, Timeout, call
from core.http.errors import CallError
from core.schedule.models import BeatRun

ENTRY = "heartbeat"
LATE = dt.timedelta(minutes=3)


def ping() -> str:
    """GET FVDASH_HEARTBEAT_URL. Raises CallError when nothing answers or the answer is no 2xx; its words name the
    host alone, for the address is the watcher's secret."""
    address = settings.ENV["FVDASH_HEARTBEAT_URL"]
    if not address:
        return "not configured: FVDASH_HEARTBEAT_URL"
    # Not a CircuitOpen ever: the next minute is the next try, and a rest would look like our own silence.
    answer = call(
        "GET",
        address,
        timeout=Timeout(connect=5, read=10, total=30),
        retry=Retry(tries=3, first_s=1),
        most=64 * 1024,
        private=True,
        use_circuit=False,
    )
    if not answer.well:
        raise CallError("the watcher", f"answered {answer.status}")
    return f"told in {answer.elapsed_ms:.0f} ms"


class Heard(StrEnum):
    NOT_CONFIGURED = "not_configured"
    WAITING = "waiting"
    OK = "ok"
    FAILED = "failed"
    LATE = "late"


@dataclass(frozen=True)
class Heartbeat:
    """How the ping goes: `at` is the last try, `detail` why it failed."""

    state: Heard
    at: dt.datetime | None = None
    detail: str = ""


def heartbeat(now: dt.datetime) -> Heartbeat:
    """One query, none when no watcher is configured."""
    if not settings.ENV["FVDASH_HEARTBEAT_URL"]:
        return Heartbeat(Heard.NOT_CONFIGURED)
    run = BeatRun.objects.filter(name=ENTRY).first()
    if run is None or run.last_finished_at is None:
        return Heartbeat(Heard.WAITING)
    if now - run.last_finished_at > LATE:
        return Heartbeat(Heard.LATE, run.last_finished_at)
    if run.last_outcome != "ok":
        return Heartbeat(Heard.FAILED, run.last_finished_at, run.last_detail)
    return Heartbeat(Heard.OK, run.last_finished_at)
