"""The business over JSON: one router for all of `/api/business/…`."""

from __future__ import annotations

from ninja import Router

from business.api.rows import router as rows

router = Router(tags=["business"])
router.add_router("business", rows)
