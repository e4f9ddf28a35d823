# ruff: noqa: S608  (every piece of the statements is written here)
"""DDL of the facts since migration 0006: a client's activity so that the days of any zone can be told from it,
and when a closed project was over. `schema.py` is what migration 0003 made, and stays as it was."""

from __future__ import annotations

import datetime as dt

from business.figures import schema

# Days after a payment on which its client is active.
PAID_DAYS = 90
# How long after its last payment a kept range ends: shorter than 90 days of any calendar with its changes of
# clocks, so that a window of 90 days never fits between two payments of one range.
KEPT = dt.timedelta(days=88)
_HOURS = f"interval '{KEPT // dt.timedelta(hours=1)} hours'"

# When a project that is closed now was over: the earlier of its dates, null where neither is known.
CLOSED_AT = f"""
CREATE OR REPLACE FUNCTION business_closed_at(status text, completed_at timestamptz, cancelled_at timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN status IN {schema.CLOSED} THEN least(completed_at, cancelled_at) END
$$;
"""

ACTIVITY = (
    schema.ACTIVITY.replace(
        "active tstzmultirange, contracted", "active tstzmultirange, paid tstzmultirange, contracted"
    )
    .replace(
        "range_agg(tstzrange(p.paid_at, p.paid_at + interval '2160 hours')) AS active",
        f"range_agg(tstzrange(p.paid_at, p.paid_at + {_HOURS})) AS ranges",
    )
    .replace(
        "coalesce(paid.active, '{}') + coalesce(projects.active, '{}'),",
        "coalesce(projects.active, '{}'), coalesce(paid.ranges, '{}'),",
    )
)
assert "paid.ranges" in ACTIVITY
assert "AS ranges" in ACTIVITY

_INDEX = """
CREATE INDEX business_project_closed
    ON business_project (agency_id, business_closed_at(status, completed_at, cancelled_at))
    INCLUDE (created_at, status, completed_at, cancelled_at)
    WHERE status IN ('completed', 'cancelled');
"""
# The index holds what the function said, the facts what both functions said: each is made anew.
_BEFORE = """
DROP INDEX business_project_closed;
DROP FUNCTION business_client_activity(bigint[]);
DELETE FROM business_clientfact;
"""
_AFTER = _INDEX + "DELETE FROM business_staleclient;\n" + schema.BACKFILL

FORWARD = (
    _BEFORE
    + CLOSED_AT
    + ACTIVITY
    + "ALTER TABLE business_clientfact ADD COLUMN paid tstzmultirange NOT NULL;\n"
    + _AFTER
)
REVERSE = (
    _BEFORE
    + schema.CLOSED_AT.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    + "ALTER TABLE business_clientfact DROP COLUMN paid;\n"
    + schema.ACTIVITY
    + _AFTER
)
