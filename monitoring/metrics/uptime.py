"""Uptime, and how many health checks pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import formats
from core.metrics import Kind, Metric, Point, Reading, Unit, Where, register
from monitoring import health
from monitoring.health.uptime import WINDOWS, Share, share_and_passing, shares
from monitoring.metrics import common

UPTIME_WINDOW = WINDOWS["month"]


def read_uptime(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Over the 30 days before `as_of`, or since the first check; and how many checks pass."""
    share, passing, made = share_and_passing((health.ALL, "", as_of - UPTIME_WINDOW, as_of), as_of)
    found = {"uptime_pct": _uptime(share, as_of), "health.passing_pct": _passing(passing, made, as_of)}
    return {name: found[name] for name in names}


def _uptime(share: Share | None, as_of: dt.datetime) -> Reading:
    if share is None:
        return Reading.unknown(as_of, _("no health check was made yet"))
    if share.percent is None:
        return Reading.unknown(as_of, _("all of the time was a declared maintenance"))
    parts = {
        "up_s": share.up_s,
        "down_s": share.down_s,
        "unobserved_s": share.unobserved_s,
        "excused_s": share.excused_s,
        "unobserved_pct": share.unobserved_percent,
        "since": share.since,
    }
    note = ""
    if share.unobserved_percent:
        note = _("%(share)s %% of the time was not observed and counts as down") % {
            "share": formats.number(share.unobserved_percent, 1)
        }
    return Reading(share.percent, as_of, note=note, parts=parts)


def _passing(passing: int, made: int, as_of: dt.datetime) -> Reading:
    """Share of the checks made by then whose result was ok; unknown where none was fresh."""
    if not made:
        return Reading.unknown(as_of, _("no health check is fresh"))
    share = common.decimal(Decimal(100 * passing) / made)
    return Reading(share, as_of, parts={"passing": passing, "checks": made})


def uptime_series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """Each day's own share, from the first check on and to now at most."""
    zone, now = ZoneInfo(where.zone), timezone.now()
    edges = [
        dt.datetime.combine(first + dt.timedelta(days=number), dt.time(), zone)
        for number in range(max(0, (last - first).days + 1) + 1)
    ]
    days = [
        (health.ALL, start.date().isoformat(), start, min(end, now)) for start, end in pairwise(edges) if start < now
    ]
    found = shares(days)
    values = ((dt.date.fromisoformat(label), share.percent) for (_name, label), share in found.items())
    return common.days(first, last, values, 3)


register(
    Metric(
        "uptime_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Uptime"),
        gettext_lazy(
            "Time in which the health checks said ok or degraded ÷ all time of the last 30 days, or since the "
            "first check, without declared maintenance. Time that was not observed counts as down and is shown apart."
        ),
        read_uptime,
        uptime_series,
        higher_is_better=True,
        per_agency=False,
        decimals=3,
    ),
    Metric(
        "health.passing_pct",
        Unit.PERCENT,
        Kind.GAUGE,
        gettext_lazy("Health checks that pass"),
        gettext_lazy("Health checks whose last result is ok ÷ all checks that were made."),
        read_uptime,
        higher_is_better=True,
        per_agency=False,
    ),
)
