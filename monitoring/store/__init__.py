"""The store of metrics, in tiers in PostgreSQL: written by collectors and pushes, read by everything else.

raw       every round of samples as it was taken, 48 hours
minutes   one row an hour and series, with count, sum, min, max and last of each minute, 30 days
hours     one row a day and series, the same of each hour, 2 years
days      one row a month and series, the same of each day (of UTC), 2 years: so that years are few rows

What is newer than the roll-up is read from raw, so a reader never waits for it. Reading and rolling up need
numpy, writing does not: a collector stays small.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from monitoring.partitions import Plan, register
from monitoring.store.writing import Sampled, forget, forget_series, write

__all__ = ["HOURS_KEPT", "MINUTES_KEPT", "RAW_KEPT", "Sampled", "forget", "forget_series", "write"]

RAW_KEPT: Final = dt.timedelta(hours=48)
MINUTES_KEPT: Final = dt.timedelta(days=30)
HOURS_KEPT: Final = dt.timedelta(days=730)


def _rolled() -> dt.datetime | None:
    from monitoring.store.rolling import safe_to_drop

    return safe_to_drop()


RAW = Plan("monitoring_raw", "at", "day", RAW_KEPT, until=_rolled)
MINUTES = Plan("monitoring_minuteblock", "at", "day", MINUTES_KEPT, options="toast_tuple_target = 256")
HOURS = Plan("monitoring_hourblock", "at", "month", HOURS_KEPT)
DAYS = Plan("monitoring_dayblock", "at", "month", HOURS_KEPT)
register(RAW, MINUTES, HOURS, DAYS)
