"""Operations of core, as `fvdash.api` mounts them."""

from __future__ import annotations

from ninja import Router

from core.api import jobs

router = Router()
router.add_router("", jobs.router)
