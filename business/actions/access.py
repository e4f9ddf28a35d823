"""Reading personal data is an event of the audit trail."""

from __future__ import annotations

from core.audit import record


def opened(resource_type: str, pk: int, agency_id: int) -> None:
    """Somebody opened one row with personal data."""
    record("data_access", resource_type=resource_type, resource_id=pk, agency_id=agency_id)


def listed(resource_type: str, rows: int, agency_id: int | None, how: str) -> None:
    """Somebody took a list out: `how` is csv or api. `agency_id` None: of more than one agency."""
    record("data_access", resource_type=resource_type, agency_id=agency_id, diff={"rows": rows, "as": how})
