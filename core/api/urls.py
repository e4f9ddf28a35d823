"""The page about the API; its operations are mounted by `fvdash.urls`."""

from __future__ import annotations

from django.urls import path

from core.api import docs

urlpatterns = [path("api/docs", docs.docs, name="api_docs")]
