"""Refreshes the facts of clients that something changed."""

from __future__ import annotations

from django.db import connection, transaction

# Any number that nothing else locks.
_LOCK = 0x66616374


def refresh(limit: int = 5000) -> int:
    """Brings the facts of at most `limit` marks up to date, and returns how many it took. Idempotent; when
    another refresh runs it does nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Taken in a statement of its own, so that the next one sees all that the one before it committed.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            """
            WITH taken AS (
                DELETE FROM business_staleclient WHERE client_id IN (
                    SELECT DISTINCT client_id FROM business_staleclient LIMIT %s) RETURNING client_id
            ), ids AS MATERIALIZED (
                SELECT array_agg(DISTINCT client_id) AS ids FROM taken
            ), found AS MATERIALIZED (
                SELECT a.* FROM ids CROSS JOIN LATERAL business_client_activity(ids.ids) a
            ), kept AS (
                INSERT INTO business_clientfact (client_id, agency_id, first_at, first_start, active, paid, contracted)
                SELECT client_id, agency_id, first_at, first_start, active, paid, contracted FROM found
                ON CONFLICT (client_id) DO UPDATE
                   SET agency_id = excluded.agency_id, first_at = excluded.first_at,
                       first_start = excluded.first_start, active = excluded.active,
                       paid = excluded.paid, contracted = excluded.contracted
            ), dropped AS (
                DELETE FROM business_clientfact f USING ids
                 WHERE f.client_id = ANY (ids.ids) AND f.client_id NOT IN (SELECT client_id FROM found)
            )
            SELECT count(*) FROM taken""",
            [limit],
        )
        return int(cursor.fetchone()[0])


def refresh_all() -> int:
    """All marks there are, in transactions of some thousand clients each."""
    total = 0
    while taken := refresh():
        total += taken
    return total
