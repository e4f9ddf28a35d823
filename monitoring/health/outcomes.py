"""What a check may find, and what the checks together amount to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

ALL = ""
"""The name under which all checks together are kept."""

ESSENTIAL = ("database", "redis", "api")
"""The product is down without any of them."""

OUTSIDE = ("meta", "google", "whatsapp")
"""Services of others; asked where they are configured."""


class Status(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    NOT_CONFIGURED = "not_configured"


REASONS = {
    "slow": _("slow"),
    "timeout": _("no answer in time"),
    "unreachable": _("not reached"),
    "token": _("our token is refused"),
    "refused": _("our request is refused"),
    "limited": _("we ask too often"),
    "failing": _("reports a failure of its own"),
    "unexpected": _("answers something else"),
}
"""Why a check is not ok, in words; the service's own words are the detail."""


@dataclass(frozen=True)
class Outcome:
    """What one check found. `latency_ms` None: it did not answer, or was not asked.

    `failures` counts the rounds in a row that failed, this one included; `since` is when the first of them was,
    for an outage that this round confirms.
    """

    name: str
    status: Status
    latency_ms: float | None = None
    detail: str = ""
    reason: str = ""
    failures: int = 0
    since: dt.datetime | None = None

    @property
    def failing_once(self) -> bool:
        """Failed, but only once so far: degraded, and down if the next round fails too."""
        return self.status is Status.DEGRADED and self.failures > 0


class Finding(Exception):
    """Raised by a check that knows more than that it failed."""

    def __init__(self, status: Status, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.status, self.reason, self.detail = status, reason, detail


def overall(outcomes: Iterable[Outcome]) -> Status:
    """Down when something essential is down; degraded when it is slow, unknown, or something else is down."""
    found = list(outcomes)
    essential = {one.status for one in found if one.name in ESSENTIAL}
    others = {one.status for one in found if one.name not in ESSENTIAL}
    if Status.DOWN in essential:
        return Status.DOWN
    if {Status.DEGRADED, Status.UNKNOWN} & essential or {Status.DEGRADED, Status.DOWN} & others:
        return Status.DEGRADED
    return Status.OK
