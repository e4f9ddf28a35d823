"""Pages of monitoring."""

from __future__ import annotations

from django.urls import path

from monitoring.endpoints.views import endpoint, endpoints
from monitoring.log import views as log
from monitoring.page import series as metric
from monitoring.page import views
from monitoring.status import public
from monitoring.status import views as status

urlpatterns = [
    path("monitoring", views.monitoring, name="monitoring"),
    path("monitoring/metric", metric.metric, name="metric"),
    path("monitoring/metrics", metric.metrics, name="metrics"),
    path("monitoring/metrics/<str:name>/delete", metric.delete, name="metric-delete"),
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
    path("monitoring/log", log.listing, name="log"),
    path("monitoring/log/<int:pk>", log.group, name="log-group"),
    path("monitoring/log/<int:pk>/<slug:verb>", log.act, name="log-act"),
    path("monitoring/endpoints", endpoints, name="endpoints"),
    path("monitoring/endpoint", endpoint, name="endpoint"),
]
