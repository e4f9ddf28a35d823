# ruff: noqa: S608  (every piece of the statements is written here)
"""DDL of the facts, used by migration 0003: what a client's activity is, and what marks it stale."""

CLOSED = "('completed', 'cancelled')"

# When a project that is closed now was closed; its own date first, null where neither is known.
CLOSED_AT = """
CREATE FUNCTION business_closed_at(status text, completed_at timestamptz, cancelled_at timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE status
        WHEN 'completed' THEN coalesce(completed_at, cancelled_at)
        WHEN 'cancelled' THEN coalesce(cancelled_at, completed_at)
    END
$$;
"""

# A project is open from its creation to its closing. Without a date of closing its history tells: before each
# change it had the status that the change left. A project closed now that neither tells of was never open.
# A payment keeps its client active for 90 x 24 hours.
ACTIVITY = f"""
CREATE FUNCTION business_client_activity(ids bigint[])
RETURNS TABLE (client_id bigint, agency_id bigint, first_at timestamptz, first_start date,
               active tstzmultirange, contracted datemultirange)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH paid AS (
        SELECT p.client_id, min(p.paid_at) AS first_at,
               range_agg(tstzrange(p.paid_at, p.paid_at + interval '2160 hours')) AS active
          FROM business_payment p
         WHERE p.client_id = ANY (ids) AND p.paid_at IS NOT NULL
         GROUP BY p.client_id
    ), spans AS (
        SELECT p.client_id, p.created_at, CASE
                   WHEN p.status NOT IN {CLOSED}
                   THEN tstzmultirange(tstzrange(p.created_at, NULL)) - coalesce(h.closed, '{{}}')
                   WHEN c.at > p.created_at THEN tstzmultirange(tstzrange(p.created_at, c.at))
                   WHEN c.at IS NULL
                   THEN tstzmultirange(tstzrange(p.created_at, NULL)) * coalesce(h.open, '{{}}')
                   ELSE '{{}}'
               END AS active
          FROM business_project p
         CROSS JOIN LATERAL (
                   SELECT business_closed_at(p.status, p.completed_at, p.cancelled_at) AS at) c
          LEFT JOIN LATERAL (
                   SELECT range_agg(tstzrange(s.since, s.changed_at)) FILTER (
                              WHERE s.from_status IN {CLOSED}) AS closed,
                          range_agg(tstzrange(s.since, s.changed_at)) FILTER (
                              WHERE s.from_status NOT IN ('', 'completed', 'cancelled')) AS open
                     FROM (SELECT from_status, changed_at,
                                  lag(changed_at, 1, p.created_at) OVER (ORDER BY changed_at, id) AS since
                             FROM business_projectstatuschange
                            WHERE project_id = p.id) s
                    WHERE s.since < s.changed_at) h ON c.at IS NULL
         WHERE p.client_id = ANY (ids)
    ), projects AS (
        SELECT s.client_id, min(s.created_at) AS first_at, range_agg(s.active) AS active
          FROM spans s GROUP BY s.client_id
    ), contracts AS (
        SELECT k.client_id, min(k.start) AS first_start,
               range_agg(daterange(k.start, k."end", '[]')) AS contracted
          FROM business_contract k
         WHERE k.client_id = ANY (ids)
         GROUP BY k.client_id
    )
    SELECT b.id, b.agency_id, least(paid.first_at, projects.first_at), contracts.first_start,
           coalesce(paid.active, '{{}}') + coalesce(projects.active, '{{}}'),
           coalesce(contracts.contracted, '{{}}')
      FROM business_client b
      LEFT JOIN paid ON paid.client_id = b.id
      LEFT JOIN projects ON projects.client_id = b.id
      LEFT JOIN contracts ON contracts.client_id = b.id
     WHERE b.id = ANY (ids)
       AND (paid.client_id IS NOT NULL OR projects.client_id IS NOT NULL OR contracts.client_id IS NOT NULL)
$$;
"""

MARK = """
CREATE FUNCTION business_mark_clients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO business_staleclient (client_id)
        SELECT DISTINCT client_id FROM fresh WHERE client_id IS NOT NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO business_staleclient (client_id)
        SELECT DISTINCT client_id FROM gone WHERE client_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION business_mark_clients_of_projects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO business_staleclient (client_id)
        SELECT DISTINCT p.client_id FROM fresh JOIN business_project p ON p.id = fresh.project_id
         WHERE p.client_id IS NOT NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO business_staleclient (client_id)
        SELECT DISTINCT p.client_id FROM gone JOIN business_project p ON p.id = gone.project_id
         WHERE p.client_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
"""

_TABLES = {
    "business_payment": "business_mark_clients",
    "business_project": "business_mark_clients",
    "business_contract": "business_mark_clients",
    "business_projectstatuschange": "business_mark_clients_of_projects",
}
_EVENTS = {
    "INSERT": "NEW TABLE AS fresh",
    "UPDATE": "OLD TABLE AS gone NEW TABLE AS fresh",
    "DELETE": "OLD TABLE AS gone",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER fvdash_stale_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    for table, function in _TABLES.items()
    for event, rows in _EVENTS.items()
)

# What was there before the triggers.
BACKFILL = """
INSERT INTO business_staleclient (client_id) SELECT id FROM business_client;
"""

FORWARD = CLOSED_AT + ACTIVITY + MARK + TRIGGERS + BACKFILL
REVERSE = (
    "".join(f"DROP TRIGGER fvdash_stale_{event.lower()} ON {table};\n" for table in _TABLES for event in _EVENTS)
    + "DROP FUNCTION business_mark_clients(), business_mark_clients_of_projects(),"
    " business_client_activity(bigint[]), business_closed_at(text, timestamptz, timestamptz);"
)

# Of the figures: open projects, closed ones by day, projects by day of creation, changes by day.
INDEXES = """
CREATE INDEX business_project_open ON business_project (agency_id, created_at) INCLUDE (id, status)
    WHERE status NOT IN ('completed', 'cancelled');
CREATE INDEX business_project_closed
    ON business_project (agency_id, business_closed_at(status, completed_at, cancelled_at))
    INCLUDE (created_at, status, completed_at, cancelled_at)
    WHERE status IN ('completed', 'cancelled');
CREATE INDEX business_project_made ON business_project (agency_id, created_at)
    INCLUDE (value, status, cancelled_at);
CREATE INDEX business_statuschange_day ON business_projectstatuschange (agency_id, changed_at);
CREATE INDEX business_statuschange_reopened ON business_projectstatuschange (agency_id, changed_at)
    WHERE from_status IN ('completed', 'cancelled');
"""
DROP_INDEXES = """
DROP INDEX business_project_open, business_project_closed, business_project_made,
    business_statuschange_day, business_statuschange_reopened;
"""
