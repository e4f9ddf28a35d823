"""Requests and tasks: how many, how long, with what status; by route, over any window.

`histogram` is the form of durations, `writing` writes what a process counted, `rolling` adds minutes up to
hours, days and weeks, `tiers` chooses what answers a window, `queries` and `series` read it.
"""

from __future__ import annotations

import datetime as dt

from monitoring.partitions import Plan, register

# Probes and assets would drown what people wait for.
NOT_COUNTED = ("/api/health", "/api/system/health", "/metrics", "(static)")

MINUTES_KEPT = dt.timedelta(days=30)
KEPT = dt.timedelta(days=730)


def _rolled_until() -> dt.datetime | None:
    from monitoring.requests.rolling import complete_until

    return complete_until()


MINUTES = Plan("monitoring_endpointminute", "minute", "day", MINUTES_KEPT, _rolled_until)
HOURS = Plan("monitoring_endpointhour", "at", "month", KEPT)
register(MINUTES, HOURS)
