"""What the collector writes of the log into the store. They belong to no host."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from core.metrics import Where
from monitoring.metrics.log import ERRORS, OPEN, WARNINGS, read_log
from monitoring.store import Sampled

NAMES = (ERRORS, WARNINGS, OPEN)


def samples(now: dt.datetime) -> Iterable[Sampled]:
    """One query; a figure that is not known is a gap."""
    found = read_log(Where(None, "UTC"), now, NAMES)
    return [Sampled(name, float(one.value)) for name, one in found.items() if one.value is not None]
