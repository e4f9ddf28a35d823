"""Pages of the import."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from business import views_import as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("business/import", views.upload, name="business-import"),
    path("business/import/<uuid:file_id>", views.choose, name="business-import-map"),
    path("business/import/<uuid:file_id>/run", views.run, name="business-import-run"),
    path("business/import/<uuid:file_id>/result", views.result, name="business-import-result"),
    path("business/import/<uuid:file_id>/rejects.csv", views.rejects, name="business-import-rejects"),
    path("business/import/<uuid:file_id>/map.toml", views.toml, name="business-import-toml"),
]
