"""Pages of monitoring."""

from __future__ import annotations

from django.urls import path

from monitoring import views
from monitoring.log import views as log

urlpatterns = [
    path("monitoring", views.monitoring, name="monitoring"),
    path("monitoring/log", log.listing, name="log"),
    path("monitoring/log/<int:pk>", log.group, name="log-group"),
    path("monitoring/log/<int:pk>/<slug:verb>", log.act, name="log-act"),
]
