"""Pages of core itself."""

from __future__ import annotations

from core.pages import urls as pages

urlpatterns = [*pages.urlpatterns]
