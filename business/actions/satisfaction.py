from __future__ import annotations

from business.actions import common
from business.models import Satisfaction
from core.people.access import Viewer


def create(viewer: Viewer, agency: str | None, values: common.Values) -> Satisfaction:
    """An answer from 1 (worst) to 5 (best)."""
    return common.create(viewer, Satisfaction, agency, values)


def edit(viewer: Viewer, pk: int, changes: common.Values, version: str | None = None) -> Satisfaction:
    """Corrects an answer."""
    return common.edit(viewer, Satisfaction, pk, changes, version)
