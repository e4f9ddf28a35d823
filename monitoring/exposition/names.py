"""How a figure is called in Prometheus, in which unit, and what is said of it.

Names begin with `fvdash_`, dots are underscores, and the unit is the last word: seconds, bytes, per second. A
percentage is a ratio from 0 to 1, as Prometheus wants it. Amounts are in their currency, which is a label;
scores and ratings keep their scale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation

from core.metrics import Kind, Metric, Unit

PREFIX: Final = "fvdash_"

# Ending in our names, ending in theirs, and what a value is multiplied by.
_ENDINGS: Final[dict[Unit, tuple[tuple[str, ...], str, float]]] = {
    Unit.PERCENT: (("_pct",), "_ratio", 0.01),
    Unit.MILLISECONDS: (("_ms",), "_seconds", 0.001),
    Unit.SECONDS: (("_s",), "_seconds", 1),
    Unit.BYTES: (("_bytes",), "_bytes", 1),
    Unit.BYTES_PER_SECOND: (("_bytes",), "_bytes_per_second", 1),
    Unit.PER_SECOND: (("_per_s",), "_per_second", 1),
    Unit.PER_MINUTE: (("_per_min",), "_per_second", 1 / 60),
}
# Where the rule would give a name that says something else or twice, or that the histogram of requests has.
_OWN: Final = {
    "response_time_ms": "response_time_mean_seconds",
    "error_rate_pct": "error_ratio",
    "cache_hit_rate_pct": "cache_hit_ratio",
    "task.count": "task_runs_last_minute",
    "task.duration_ms": "task_duration_mean_seconds",
    "network.bytes_in": "network_received_bytes_per_second",
    "network.bytes_out": "network_sent_bytes_per_second",
    "business.revenue_per_min": "business_revenue_last_minute",
    "business.revenue_per_min_1h": "business_revenue_minute_mean_1h",
}
# Words that OpenMetrics takes for the unit of a name that ends so.
_UNITS: Final = ("ratio", "seconds", "bytes")


@dataclass(frozen=True)
class Named:
    """`factor` turns a value of the registry into one of this name; `unit` is OpenMetrics' word, or nothing."""

    name: str
    help: str
    unit: str
    factor: float
    counter: bool


def named(metric: Metric) -> Named:
    ours, theirs, factor = _ENDINGS.get(metric.unit, ((), "", 1))
    base = metric.name
    for ending in ours:
        base = base.removesuffix(ending)
    name = PREFIX + (_OWN.get(metric.name) or clean(base) + theirs)
    unit = next((unit for unit in _UNITS if name.endswith(f"_{unit}")), "")
    return Named(name, _help(metric), unit, factor, metric.kind is Kind.COUNTER)


def custom(name: str) -> str:
    """The name of a metric that somebody pushes; its unit is whatever they push."""
    return f"{PREFIX}custom_{clean(name)}"


def clean(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _help(metric: Metric) -> str:
    with translation.override("en"):
        text = f"{_sentence(metric.label)} {metric.formula}"
    return " ".join(text.split())


def _sentence(label: Any) -> str:
    text = str(label)
    return text if text.endswith(".") else f"{text}."
