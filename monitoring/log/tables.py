"""The partitioned tables of the log, and how long their days are kept."""

from __future__ import annotations

import datetime as dt
from typing import Final

from monitoring.partitions import Plan, register

KEPT: Final = dt.timedelta(days=30)

ENTRIES = Plan("monitoring_logentry", "day", "day", KEPT)
HOURS = Plan("monitoring_loghour", "hour", "day", KEPT)
SLOTS = Plan("monitoring_logslot", "slot", "day", KEPT)
register(ENTRIES, HOURS, SLOTS)
