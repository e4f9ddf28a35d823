"""Rows of monitoring, a module per subject."""

from __future__ import annotations

from monitoring.models.annotations import Annotation
from monitoring.models.checks import CheckResult, Span
from monitoring.models.log import LogEntry, LogGroup, LogHour, LogSlot
from monitoring.models.requests import (
    Endpoint,
    EndpointHour,
    EndpointMark,
    EndpointMinute,
    EndpointPeriod,
    EndpointRoll,
)
from monitoring.models.samples import DayBlock, HourBlock, LateHour, MinuteBlock, Raw, RollUp, Sample, Series
from monitoring.models.status import Maintenance, StatusIncident, StatusPage, StatusUpdate
from monitoring.models.totals import Total

__all__ = [
    "Annotation",
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
    "LogEntry",
    "LogGroup",
    "LogHour",
    "LogSlot",
    "Maintenance",
    "MinuteBlock",
    "Raw",
    "RollUp",
    "Sample",
    "Series",
    "Span",
    "StatusIncident",
    "StatusPage",
    "StatusUpdate",
    "Total",
]
