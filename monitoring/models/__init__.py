"""What is measured: samples in their tiers, requests by route, and what the health checks found."""

from __future__ import annotations

from monitoring.models.checks import CheckResult, Span
from monitoring.models.requests import (
    Endpoint,
    EndpointHour,
    EndpointMark,
    EndpointMinute,
    EndpointPeriod,
    EndpointRoll,
)
from monitoring.models.samples import DayBlock, HourBlock, LateHour, MinuteBlock, Raw, RollUp, Sample, Series

__all__ = [
    "CheckResult",
    "DayBlock",
    "Endpoint",
    "EndpointHour",
    "EndpointMark",
    "EndpointMinute",
    "EndpointPeriod",
    "EndpointRoll",
    "HourBlock",
    "LateHour",
    "MinuteBlock",
    "Raw",
    "RollUp",
    "Sample",
    "Series",
    "Span",
]
