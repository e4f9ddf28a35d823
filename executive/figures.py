"""Which figures the executive answer has, in its groups and its order, and how those are called that no app
measures yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.metrics import Unit


@dataclass(frozen=True)
class Field:
    """A field of the answer. Label and unit stand in until an app registers the metric; `feature` names what
    will measure it."""

    name: str
    group: str
    unit: Unit
    label: Any
    feature: Any = ""


GROUPS: dict[str, Any] = {
    "overview": _("Overview"),
    "performance": _("Performance"),
    "business": _("Business"),
    "security": _("Security"),
}
_ALERTS, _COMPLIANCE, _BACKUP = (
    _("Alerts are not built yet."),
    _("Compliance is not built yet."),
    _("Backup is not built yet."),
)
_MONITORING = _("Nothing measures it here.")

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("revenue_month", "overview", Unit.MONEY, _("Revenue of the month")),
        Field("revenue_growth_pct", "overview", Unit.PERCENT, _("Growth of revenue")),
        Field("active_projects", "overview", Unit.COUNT, _("Active projects")),
        Field("active_users_30d", "overview", Unit.COUNT, _("Active users, 30 days")),
        Field("health_score", "overview", Unit.SCORE, _("Health score")),
        Field("uptime_pct", "overview", Unit.PERCENT, _("Uptime"), _MONITORING),
        Field("response_time_ms", "performance", Unit.MILLISECONDS, _("Response time"), _MONITORING),
        Field("error_rate_pct", "performance", Unit.PERCENT, _("Error rate"), _MONITORING),
        Field("cache_hit_rate_pct", "performance", Unit.PERCENT, _("Cache hit rate"), _MONITORING),
        Field("memory_pct", "performance", Unit.PERCENT, _("Memory"), _MONITORING),
        Field("cpu_pct", "performance", Unit.PERCENT, _("CPU"), _MONITORING),
        Field("db_connections", "performance", Unit.COUNT, _("Database connections"), _MONITORING),
        Field("new_clients_month", "business", Unit.COUNT, _("New clients of the month")),
        Field("churn_pct", "business", Unit.PERCENT, _("Client churn")),
        Field("satisfaction", "business", Unit.RATING, _("Satisfaction")),
        Field("project_value_avg", "business", Unit.MONEY, _("Mean value per project")),
        Field("conversion_pct", "business", Unit.PERCENT, _("Conversion of leads")),
        Field("mrr", "business", Unit.MONEY, _("MRR")),
        Field("critical_alerts", "security", Unit.COUNT, _("Open critical alerts"), _ALERTS),
        Field("compliance_score", "security", Unit.SCORE, _("Compliance score"), _COMPLIANCE),
        Field("failed_logins_24h", "security", Unit.COUNT, _("Failed log-ins, 24 h")),
        Field("backup_health_pct", "security", Unit.PERCENT, _("Backup health"), _BACKUP),
        Field("open_incidents", "security", Unit.COUNT, _("Open incidents"), _COMPLIANCE),
    )
}
