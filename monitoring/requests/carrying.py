"""The table of request minutes of the first version, carried over and back; for migrations only.

Its histogram had 66 dense buckets with bounds 0.5 ms × 2^(n/4). Each bucket goes into the slot of its
geometric middle, the last into that of the longest request, so that percentiles of those minutes are within
14 % (they were within 9 %, plus half a slot). Counts, sums and maxima are the same.
"""

from __future__ import annotations

from typing import Any

from monitoring import partitions
from monitoring.requests import MINUTES

# ln(x)/ln(2): PostgreSQL's log(2, x) is of numeric alone. Never below the first slot.
_SLOT = "greatest(0, ceil(8 * ln({ms} / 1000) / ln(2)) + 160)"
_OVER = "2.0 ^ ((slot - 160.5) / 8.0) * 1000"

FORWARD = f"""
INSERT INTO monitoring_endpoint (kind, method, route)
SELECT DISTINCT 'request', method, route FROM monitoring_requestminute ON CONFLICT DO NOTHING;
INSERT INTO monitoring_endpointminute (endpoint_id, minute, status, host, count, total_us, max_us, slots, counts)
SELECT endpoint.id, old.minute, old.status, old.host, old.count, round(old.total_ms * 1000), round(old.max_ms * 1000),
       merged.slots, merged.counts
  FROM monitoring_requestminute AS old
  JOIN monitoring_endpoint AS endpoint
    ON endpoint.kind = 'request' AND endpoint.method = old.method AND endpoint.route = old.route
 CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(slot ORDER BY slot), '{{}}') AS slots,
           coalesce(array_agg(n ORDER BY slot), '{{}}') AS counts
      FROM (SELECT CASE WHEN place < 66 THEN {_SLOT.format(ms="(0.5 * 2.0 ^ ((place - 1.5) / 4.0))")}
                        ELSE {_SLOT.format(ms="greatest(old.max_ms, 32768)")} END::smallint AS slot, sum(n)::int AS n
              FROM unnest(old.buckets) WITH ORDINALITY AS bucket (n, place) WHERE n > 0 GROUP BY 1) AS sums
 ) AS merged;
"""  # noqa: S608

BACK = f"""
INSERT INTO monitoring_requestminute (minute, host, method, route, status, count, total_ms, max_ms, buckets)
SELECT new.minute, new.host, endpoint.method, endpoint.route, new.status, new.count, new.total_us / 1000.0,
       new.max_us / 1000.0, dense.buckets
  FROM monitoring_endpointminute AS new
  JOIN monitoring_endpoint AS endpoint ON endpoint.id = new.endpoint_id AND endpoint.kind = 'request'
 CROSS JOIN LATERAL (
    SELECT array_agg(coalesce(n, 0) ORDER BY place) AS buckets FROM generate_series(1, 66) AS place
      LEFT JOIN (SELECT least(66, greatest(1, ceil(4 * ln({_OVER} / 0.5) / ln(2)) + 1))::int AS place, sum(n)::int AS n
                   FROM unnest(new.slots, new.counts) AS pair (slot, n) GROUP BY 1) AS sums USING (place)
 ) AS dense;
"""  # noqa: S608


def make_partitions(apps: Any, schema_editor: Any) -> None:
    """A partition for each day that the old table has."""
    alias = schema_editor.connection.alias
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT min(minute), max(minute) FROM monitoring_requestminute")
        first, last = cursor.fetchone()
    if first is not None:
        partitions.ensure_for(alias, MINUTES, first, last)
