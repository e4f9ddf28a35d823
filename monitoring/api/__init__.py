"""The API of monitoring: health, metrics, the log."""

from __future__ import annotations

from ninja import Router

from monitoring.api import health, marks, metrics
from monitoring.log import api as log

router = Router()
for _part in (health.router, metrics.router, marks.router, log.router):
    router.add_router("", _part)
