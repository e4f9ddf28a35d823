"""Rows of monitoring, a module per subject."""

from __future__ import annotations

from monitoring.models.checks import CheckResult, Span
from monitoring.models.requests import RequestMinute
from monitoring.models.samples import DayBlock, HourBlock, LateHour, MinuteBlock, Raw, RollUp, Sample, Series
from monitoring.models.status import Maintenance, StatusIncident, StatusPage, StatusUpdate

__all__ = [
    "CheckResult",
    "DayBlock",
    "HourBlock",
    "LateHour",
    "Maintenance",
    "MinuteBlock",
    "Raw",
    "RequestMinute",
    "RollUp",
    "Sample",
    "Series",
    "Span",
    "StatusIncident",
    "StatusPage",
    "StatusUpdate",
]
