"""Page of the schedule."""

from __future__ import annotations

from django.urls import path

from core.schedule import views

urlpatterns = [path("monitoring/schedule", views.schedule, name="schedule")]
