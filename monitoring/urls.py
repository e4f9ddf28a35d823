"""Pages of monitoring."""

from __future__ import annotations

from django.urls import path

from monitoring import views
from monitoring.status import public
from monitoring.status import views as status

urlpatterns = [
    path("monitoring", views.monitoring, name="monitoring"),
    path("monitoring/status", status.desk, name="status-desk"),
    path("monitoring/status/switch", status.switch, name="status-switch"),
    path("monitoring/status/incidents/new", status.new_incident, name="status-incident-new"),
    path("monitoring/status/incidents/<int:incident_id>", status.incident, name="status-incident"),
    path("monitoring/status/maintenance/new", status.new_maintenance, name="status-maintenance-new"),
    path(
        "monitoring/status/maintenance/<int:maintenance_id>/end", status.end_maintenance, name="status-maintenance-end"
    ),
    path("status", public.status, name="status"),
    path("status/feed", public.feed, name="status-feed"),
]
