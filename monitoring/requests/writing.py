"""Writes what a process counted: rows of a minute are added to those that other processes wrote."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from django.db import connection

from monitoring.requests.counting import Key, Tally

_ROWS = (
    "jsonb_to_recordset(%(rows)s::jsonb) AS new (minute timestamptz, kind text, method text, route text,"
    " status int, count int, total_us bigint, max_us bigint, slots smallint[], counts int[])"
)
# Endpoints first, so that in the next statement all are there, whoever added them. Both in one order, so that
# processes which write the same rows wait for each other and never in a circle.
_ENDPOINTS = (
    "INSERT INTO monitoring_endpoint (kind, method, route)"  # noqa: S608
    f" SELECT DISTINCT kind, method, route FROM {_ROWS} WHERE NOT EXISTS (SELECT FROM monitoring_endpoint AS known"
    "   WHERE known.kind = new.kind AND known.method = new.method AND known.route = new.route)"
    " ORDER BY kind, method, route ON CONFLICT DO NOTHING"
)
_MINUTES = (
    "INSERT INTO monitoring_endpointminute AS kept"  # noqa: S608
    " (endpoint_id, minute, status, host, count, total_us, max_us, slots, counts)"
    " SELECT endpoint.id, minute, status, %(host)s, count, total_us, max_us, slots, counts"
    f" FROM {_ROWS} JOIN monitoring_endpoint AS endpoint USING (kind, method, route)"
    " ORDER BY endpoint.id, minute, status"
    " ON CONFLICT (endpoint_id, minute, status, host) DO UPDATE SET"
    "   count = kept.count + excluded.count, total_us = kept.total_us + excluded.total_us,"
    "   max_us = greatest(kept.max_us, excluded.max_us),"
    "   (slots, counts) = (SELECT array_agg(slot ORDER BY slot), array_agg(n ORDER BY slot)"
    "     FROM (SELECT slot, sum(n)::int AS n"
    "           FROM unnest(kept.slots || excluded.slots, kept.counts || excluded.counts) AS pair (slot, n)"
    "           GROUP BY slot) AS merged)"
)


def write(rows: Mapping[Key, Tally], host: str) -> None:
    """Adds the counts and marks their hours, in the caller's transaction."""
    payload = json.dumps([_row(key, tally) for key, tally in rows.items()])
    hours = sorted({minute // 60 for minute, *_rest in rows})
    with connection.cursor() as cursor:
        cursor.execute(_ENDPOINTS, {"rows": payload})
        cursor.execute(_MINUTES, {"rows": payload, "host": host})
        cursor.execute(
            "INSERT INTO monitoring_endpointmark (hour) SELECT to_timestamp(3600 * hour) FROM unnest(%s) AS hour",
            [hours],
        )


def _row(key: Key, tally: Tally) -> dict[str, object]:
    minute, kind, method, route, status = key
    slots = sorted(tally.slots)
    return {
        "minute": dt.datetime.fromtimestamp(minute * 60, dt.UTC).isoformat(),
        "kind": kind,
        "method": method,
        "route": route,
        "status": status,
        "count": tally.count,
        "total_us": tally.total_us,
        "max_us": tally.max_us,
        "slots": slots,
        "counts": [tally.slots[slot] for slot in slots],
    }
