"""A business of the size that the figures must bear: 100,000 projects, 1,000,000 payments, 20,000 clients.

Rows are made by the server itself, from generate_series and a hash, so that they are the same each time and
come in a minute. Audit triggers are off while they are made (session_replication_role needs a superuser): it
is their rows that are measured, not their making.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class Size:
    agencies: int = 6
    clients: int = 20_000
    projects: int = 100_000
    payments: int = 1_000_000
    contracts: int = 8_000
    leads: int = 40_000
    answers: int = 20_000
    months: int = 24


FULL = Size()
SLUG = "bench-size"

# A number from 0 to 1 that only its arguments decide.
_CHANCE = """
CREATE OR REPLACE FUNCTION pg_temp.chance(n bigint, what int) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(n, what) & 1048575) / 1048576.0
"""

_STEPS = (
    """INSERT INTO core_agency (slug, name, timezone, currency, is_demo, created_at)
       SELECT '{slug}-' || n, 'Agency ' || n, 'America/Sao_Paulo', 'BRL', false, now()
         FROM generate_series(1, {agencies}) n""",
    """CREATE TEMP TABLE a AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS slot FROM core_agency
        WHERE slug LIKE '{slug}-%'""",
    """INSERT INTO business_client (agency_id, source_id, name, email, phone, document, city, state, status,
                                    created_at, whatsapp_opt_in_source)
       SELECT a.id, 'c' || n, 'Cliente São ' || n, 'c' || n || '@example.com', '', '', '', '', 'active',
              {now} - chance(n, 1) * {span}, ''
         FROM generate_series(1, {clients}) n JOIN a ON a.slot = n % {agencies}""",
    """CREATE TEMP TABLE c AS SELECT id, agency_id, created_at,
              row_number() OVER (ORDER BY id) - 1 AS slot FROM business_client WHERE agency_id IN (SELECT id FROM a)""",
    "CREATE INDEX ON c (slot)",
    # A tenth is open; the rest was closed within 90 days. Half have a deadline.
    """INSERT INTO business_project (agency_id, source_id, client_id, name, status, value, created_at, deadline,
                                     completed_at, cancelled_at)
       SELECT c.agency_id, 'p' || p.n, c.id, 'Projeto ' || p.n, p.status, round((p.n % 9000 + 100)::numeric, 2),
              p.made, CASE WHEN p.n % 2 = 0 THEN p.made::date + 80 END,
              CASE p.status WHEN 'completed' THEN p.made + chance(p.n, 4) * interval '90 days' END,
              CASE p.status WHEN 'cancelled' THEN p.made + chance(p.n, 4) * interval '90 days' END
         FROM (SELECT n, {now} - chance(n, 2) * {span} AS made,
                      CASE WHEN chance(n, 3) < 0.1 THEN 'active' WHEN chance(n, 3) < 0.9 THEN 'completed'
                           ELSE 'cancelled' END AS status
                 FROM generate_series(1, {projects}) n) p
         JOIN c ON c.slot = (chance(p.n, 5) * {clients})::int % {clients}""",
    """INSERT INTO business_projectstatuschange (agency_id, project_id, from_status, to_status, changed_at, note)
       SELECT agency_id, id, '', 'active', created_at, '' FROM business_project
        WHERE agency_id IN (SELECT id FROM a)
       UNION ALL
       SELECT agency_id, id, 'active', status, coalesce(completed_at, cancelled_at), '' FROM business_project
        WHERE agency_id IN (SELECT id FROM a) AND status IN ('completed', 'cancelled')""",
    """INSERT INTO business_contract (agency_id, source_id, client_id, name, amount, interval, start, "end")
       SELECT c.agency_id, 'k' || n, c.id, 'Contrato ' || n, 100 + n % 5000,
              (ARRAY['monthly', 'monthly', 'quarterly', 'annual'])[1 + n % 4],
              ({now} - chance(n, 6) * {span})::date,
              CASE WHEN chance(n, 7) < 0.3 THEN ({now} + (chance(n, 7) * 100)::int * interval '1 day')::date END
         FROM generate_series(1, {contracts}) n JOIN c ON c.slot = n""",
    """INSERT INTO business_contractchange (agency_id, source_id, contract_id, effective_from, amount)
       SELECT agency_id, '', id, start + 60, amount * 1.1 FROM business_contract
        WHERE agency_id IN (SELECT id FROM a) AND id % 2 = 0""",
    """INSERT INTO business_payment (agency_id, source_id, client_id, amount, due_at, paid_at, method,
                                     refunded_at, refunded_amount)
       SELECT c.agency_id, 'y' || p.n, c.id, p.amount, p.paid, CASE WHEN chance(p.n, 9) < 0.97 THEN p.paid END,
              CASE WHEN p.n % 5000 = 0 THEN 'voucher' ELSE 'pix' END,
              CASE WHEN chance(p.n, 9) < 0.01 THEN p.paid + interval '5 days' END,
              CASE WHEN chance(p.n, 9) < 0.01 THEN p.amount / 2 END
         FROM (SELECT n, (n % 90000 + 200)::numeric / 100 * 2 AS amount, {now} - chance(n, 8) * {span} AS paid
                 FROM generate_series(1, {payments}) n) p
         JOIN c ON c.slot = (chance(p.n, 10) * {clients})::int % {clients} ORDER BY p.paid""",
    """INSERT INTO business_lead (agency_id, source_id, name, source, created_at, outcome, closed_at)
       SELECT a.id, 'l' || n, 'Lead ' || n, 'source ' || n % 9, {now} - chance(n, 11) * {span},
              (ARRAY['won', 'lost', 'open'])[1 + n % 3],
              CASE WHEN n % 3 < 2 THEN {now} - chance(n, 11) * {span} + interval '3 days' END
         FROM generate_series(1, {leads}) n JOIN a ON a.slot = n % {agencies}""",
    """INSERT INTO business_satisfaction (agency_id, source_id, client_id, score, comment, answered_at)
       SELECT c.agency_id, 's' || n, c.id, 1 + n % 5, '', {now} - chance(n, 12) * {span}
         FROM generate_series(1, {answers}) n JOIN c ON c.slot = n % {clients}""",
    "INSERT INTO business_staleclient (client_id) SELECT id FROM c",
)


def fill(superuser_url: str, size: Size = FULL, now: dt.datetime | None = None) -> None:
    """Makes the rows in agencies `bench-size-1` and on, as of `now`, and vacuums. Facts are left stale."""
    at = (now or dt.datetime.now(dt.UTC)).isoformat()
    values = {
        **{name: str(value) for name, value in vars(size).items()},
        "slug": SLUG,
        "now": f"'{at}'::timestamptz",
        "span": f"interval '{size.months * 30} days'",
    }
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET work_mem = '256MB'")
        connection.execute(_CHANCE)
        for step in _STEPS:
            connection.execute(step.format(**values).replace("chance(", "pg_temp.chance("))
        connection.execute("VACUUM ANALYZE")


def vacuum(superuser_url: str) -> None:
    """What autovacuum does by itself a minute later."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
