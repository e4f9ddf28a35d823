"""What is measured: samples in their tiers, requests by route, and what the health checks found."""

from __future__ import annotations

from monitoring.models.checks import CheckResult, Span
from monitoring.models.requests import RequestMinute
from monitoring.models.samples import DayBlock, HourBlock, LateHour, MinuteBlock, Raw, RollUp, Sample, Series

__all__ = [
    "CheckResult",
    "DayBlock",
    "HourBlock",
    "LateHour",
    "MinuteBlock",
    "Raw",
    "RequestMinute",
    "RollUp",
    "Sample",
    "Series",
    "Span",
]
