"""Addresses of the frame itself; included by core.urls."""

from __future__ import annotations

from django.urls import path

from core.pages import gallery, preferences

urlpatterns = [
    path("preferences", preferences.preferences, name="preferences"),
    path("design", gallery.design, name="design"),
]
