"""DDL of the trail, used by the first migration.

Append-only in two ways: the runtime role may only INSERT and SELECT, and a trigger refuses the rest to
everyone, the owner included (only dropping the trigger, which is DDL, turns that off).
"""

TABLE = """
CREATE TABLE core_auditevent (
    id bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    agency_id bigint,
    actor_id bigint,
    actor_kind text NOT NULL DEFAULT 'system',
    on_behalf_of bigint,
    action text NOT NULL,
    outcome text NOT NULL DEFAULT 'success',
    resource_type text NOT NULL,
    resource_id text NOT NULL DEFAULT '',
    ip inet,
    user_agent text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    db_user text NOT NULL DEFAULT current_user,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    diff jsonb NOT NULL DEFAULT '{}',
    reason text NOT NULL DEFAULT '',
    schema_version smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);

CREATE TABLE core_auditevent_default PARTITION OF core_auditevent DEFAULT;

CREATE INDEX core_audit_agency ON core_auditevent (agency_id, occurred_at DESC, id DESC);
CREATE INDEX core_audit_time ON core_auditevent (occurred_at DESC, id DESC);
CREATE INDEX core_audit_actor ON core_auditevent (actor_id, occurred_at DESC, id DESC);
CREATE INDEX core_audit_action ON core_auditevent (action, occurred_at DESC, id DESC);
CREATE INDEX core_audit_resource ON core_auditevent (resource_type, resource_id, occurred_at DESC, id DESC);

CREATE FUNCTION core_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER core_audit_append_only BEFORE UPDATE OR DELETE ON core_auditevent
    FOR EACH ROW EXECUTE FUNCTION core_audit_refuse();
CREATE TRIGGER core_audit_no_truncate BEFORE TRUNCATE ON core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_refuse();
"""

# For a partition: statement triggers are not inherited.
NO_TRUNCATE = """
CREATE OR REPLACE TRIGGER core_audit_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_refuse();
"""

# Arguments: resource type, action family, agency column or '', hidden columns, ignored columns.
ROW_FUNCTION = """
CREATE FUNCTION core_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    kept jsonb := coalesce(new_row, old_row);
    hidden text[] := string_to_array(TG_ARGV[3], ',');
    ignored text[] := string_to_array(TG_ARGV[4], ',');
    who jsonb := coalesce(nullif(current_setting('fvdash.actor', true), ''), '{}')::jsonb;
    changes jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(n.key, CASE
                   WHEN n.key = ANY (hidden) THEN '"changed"'::jsonb
                   ELSE jsonb_build_object('old', o.value, 'new', n.value) END)
          INTO changes
          FROM jsonb_each(new_row) n JOIN jsonb_each(old_row) o ON o.key = n.key
         WHERE n.value IS DISTINCT FROM o.value AND NOT n.key = ANY (ignored);
        IF changes IS NULL THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT coalesce(jsonb_object_agg(key, CASE
                   WHEN key = ANY (hidden) THEN '"changed"'::jsonb
                   WHEN TG_OP = 'INSERT' THEN jsonb_build_object('new', value)
                   ELSE jsonb_build_object('old', value) END), '{}')
          INTO changes
          FROM jsonb_each(kept)
         WHERE value <> 'null'::jsonb AND value <> '""'::jsonb AND NOT key = ANY (ignored);
    END IF;
    INSERT INTO core_auditevent (agency_id, actor_id, actor_kind, on_behalf_of, action, resource_type,
                                 resource_id, ip, user_agent, request_id, diff, reason)
    VALUES (
        CASE WHEN TG_ARGV[2] <> '' THEN (kept ->> TG_ARGV[2])::bigint END,
        (who ->> 'id')::bigint,
        coalesce(who ->> 'kind', 'system'),
        (who ->> 'on_behalf_of')::bigint,
        CASE TG_ARGV[1]
            WHEN 'permission' THEN 'permission_change'
            WHEN 'config' THEN 'config_change'
            ELSE 'data_' || CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END
        END,
        TG_ARGV[0],
        kept ->> 'id',
        (who ->> 'ip')::inet,
        left(coalesce(who ->> 'user_agent', ''), 300),
        coalesce(who ->> 'request_id', ''),
        changes,
        coalesce(who ->> 'reason', ''));
    RETURN NULL;
END $$;
"""

PRIVILEGES = """
DO $$
DECLARE runtime name;
BEGIN
    -- Every role but the owner that was granted access by default loses what a trail must not allow.
    FOR runtime IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
         WHERE table_name LIKE 'core_auditevent%' AND grantee <> current_user AND grantee <> 'PUBLIC'
    LOOP
        EXECUTE format('REVOKE ALL ON core_auditevent, core_auditevent_default FROM %I', runtime);
        EXECUTE format('GRANT SELECT, INSERT ON core_auditevent TO %I', runtime);
    END LOOP;
END $$;
"""

REVERSE = """
DROP TABLE core_auditevent;
DROP FUNCTION core_audit_row();
DROP FUNCTION core_audit_refuse();
"""
