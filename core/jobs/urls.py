"""Pages of jobs."""

from __future__ import annotations

from django.urls import path

from core.jobs import views

urlpatterns = [
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/cancel", views.cancel, name="job_cancel"),
]
