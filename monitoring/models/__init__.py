"""What is measured: samples of the host, requests by route, and what the health checks found."""

from __future__ import annotations

from monitoring.models.checks import CheckResult, Span
from monitoring.models.requests import RequestMinute
from monitoring.models.samples import Sample
from monitoring.models.status import Maintenance, StatusIncident, StatusPage, StatusUpdate

__all__ = [
    "CheckResult",
    "Maintenance",
    "RequestMinute",
    "Sample",
    "Span",
    "StatusIncident",
    "StatusPage",
    "StatusUpdate",
]
