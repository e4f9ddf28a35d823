-- The two database roles. Run by a superuser connected to the application's database; may be run again.
-- fvdash_owner owns the database and everything in it: migrations, partitions, recovery.
-- fvdash_app is what the running product uses: it reads and writes rows and can alter no table.
-- Passwords come in as session settings, so that they appear in no statement text:
--   SELECT set_config('fvdash.owner_password', …, false), set_config('fvdash.app_password', …, false);

DO $roles$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fvdash_owner') THEN
        CREATE ROLE fvdash_owner;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fvdash_app') THEN
        CREATE ROLE fvdash_app;
    END IF;
    EXECUTE format(
        'ALTER ROLE fvdash_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
        current_setting('fvdash.owner_password')
    );
    EXECUTE format(
        'ALTER ROLE fvdash_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
        current_setting('fvdash.app_password')
    );

    EXECUTE format('ALTER DATABASE %I OWNER TO fvdash_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO fvdash_app', current_database());
END
$roles$;

ALTER SCHEMA public OWNER TO fvdash_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fvdash_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fvdash_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fvdash_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fvdash_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO fvdash_app;
