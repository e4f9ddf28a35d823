"""The API of monitoring: health, metrics."""

from __future__ import annotations

from ninja import Router

from monitoring.api import health, metrics

router = Router()
for _part in (health.router, metrics.router):
    router.add_router("", _part)
