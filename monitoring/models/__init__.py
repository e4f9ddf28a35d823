"""What is measured: samples in their tiers, requests by route, what the health checks found; and the log."""

from __future__ import annotations

from monitoring.models.checks import CheckResult, Span
from monitoring.models.log import LogEntry, LogGroup, LogHour, LogSlot
from monitoring.models.requests import RequestMinute
from monitoring.models.samples import HourBlock, LateHour, MinuteBlock, Raw, RollUp, Sample, Series

__all__ = [
    "CheckResult",
    "HourBlock",
    "LateHour",
    "LogEntry",
    "LogGroup",
    "LogHour",
    "LogSlot",
    "MinuteBlock",
    "Raw",
    "RequestMinute",
    "RollUp",
    "Sample",
    "Series",
    "Span",
]
