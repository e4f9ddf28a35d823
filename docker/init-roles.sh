#!/bin/sh
# Run once by the postgres image, on an empty volume: both roles and their privileges, as an embedded
# installation has them.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner="$FVDASH_OWNER_PASSWORD" --set app="$FVDASH_APP_PASSWORD" <<'SQL'
SELECT set_config('fvdash.owner_password', :'owner', false), set_config('fvdash.app_password', :'app', false)
\g /dev/null
\i /fvdash/roles.sql
SQL
