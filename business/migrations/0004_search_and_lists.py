"""Search and sorted lists that stay under 50 ms at 100,000 projects and 1,000,000 payments.

Search is by prefixes of words, whatever their case and accents, over GIN indexes on immutable functions: no
contrib extension is needed. A generated column would do as well, and put personal values into the audit
trail, which copies every column.

Every sort that a list offers has two indexes: of one agency, and of the whole group.
"""

from typing import ClassVar

from django.db import migrations

FUNCTIONS = r"""
-- Lower case without accents. The built-in collation knows Unicode and is the same on every machine.
CREATE FUNCTION business_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN lower(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]+', '', 'g') COLLATE "pg_c_utf8");

-- The words of a text: runs of letters and digits. The parser of to_tsvector would keep addresses, signs and
-- paths together. The cost says that it takes microseconds: without it the planner would rather walk a table.
CREATE FUNCTION business_words(text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 200
RETURN array_remove(
    string_to_array(regexp_replace(business_fold($1) COLLATE "pg_c_utf8", '[^[:alnum:]]+', ' ', 'g'), ' '), '');

CREATE FUNCTION business_lexemes(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN array_to_tsvector(business_words($1));

-- All words of the text as prefixes; a text without words matches nothing.
CREATE FUNCTION business_query(text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN coalesce(
    (SELECT string_agg('''' || word || ''':*', ' & ') FROM unnest(business_words($1)) word), '')::tsquery;

-- A document and a phone are also found by their digits alone; a Brazilian phone without country or area code.
CREATE FUNCTION business_client_search(name text, email text, phone text, document text, source_id text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN business_lexemes(
    name || ' ' || email || ' ' || source_id || ' ' || regexp_replace(document, '[^0-9A-Za-z]', '', 'g')
    || ' ' || regexp_replace(phone, '[^0-9]', '', 'g')
    || CASE WHEN phone LIKE '+55%' THEN ' ' || substr(phone, 4) || ' ' || substr(phone, 6) ELSE '' END);

CREATE FUNCTION business_named_search(name text, source_id text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN business_lexemes(name || ' ' || source_id);

CREATE FUNCTION business_lead_search(name text, source text, source_id text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN business_lexemes(name || ' ' || source || ' ' || source_id);
"""

DROP_FUNCTIONS = """
DROP FUNCTION business_lead_search(text, text, text);
DROP FUNCTION business_named_search(text, text);
DROP FUNCTION business_client_search(text, text, text, text, text);
DROP FUNCTION business_query(text);
DROP FUNCTION business_lexemes(text);
DROP FUNCTION business_words(text);
DROP FUNCTION business_fold(text);
"""

# A search also reads what is not yet merged into a GIN index: keep that short.
_GIN = "WITH (gin_pending_list_limit = 256)"
SEARCHES = {
    "business_client": "business_client_search(name, email, phone, document, source_id)",
    "business_project": "business_named_search(name, source_id)",
    "business_contract": "business_named_search(name, source_id)",
    "business_lead": "business_lead_search(name, source, source_id)",
}
# Table, name, key; a key that may be null is replaced by what sorts it to the end.
SORTS = [
    ("business_client", "name", "business_fold(name)"),
    ("business_client", "created", "created_at"),
    ("business_project", "created", "created_at"),
    ("business_project", "value", "coalesce(value, -1)"),
    ("business_project", "deadline", "coalesce(deadline, '9000-01-01'::date)"),
    ("business_contract", "start", "start"),
    ("business_contract", "amount", "amount"),
    ("business_payment", "date", "coalesce(paid_at, due_at, '9000-01-01 00:00+00'::timestamptz)"),
    ("business_payment", "amount", "amount"),
    ("business_lead", "created", "created_at"),
    ("business_satisfaction", "answered", "answered_at"),
]
# The first migration has these, of one agency.
_THERE = {("business_client", "created"), ("business_project", "created"), ("business_lead", "created")}


def _indexes() -> dict[str, str]:
    made = {}
    for table, expression in SEARCHES.items():
        made[f"{table}_search"] = f"ON {table} USING gin ({expression}) {_GIN}"
    for table, name, key in SORTS:
        key = f"({key})"
        made[f"{table}_by_{name}"] = f"ON {table} ({key}, id)"
        if (table, name) not in _THERE:
            made[f"{table}_agency_by_{name}"] = f"ON {table} (agency_id, {key}, id)"
    made["business_project_by_status"] = "ON business_project (agency_id, status, created_at, id)"
    made["business_payment_open"] = "ON business_payment (agency_id, due_at, id) WHERE paid_at IS NULL"
    # What is not paid is little, and is listed by the same key as all of it.
    when = {(table, name): key for table, name, key in SORTS}["business_payment", "date"]
    made["business_payment_unpaid"] = f"ON business_payment (agency_id, ({when}), id) WHERE paid_at IS NULL"
    made["business_lead_by_source"] = "ON business_lead (agency_id, source, created_at, id)"
    return made


class Migration(migrations.Migration):
    dependencies: ClassVar = [("business", "0003_figures")]

    operations: ClassVar = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *[
            migrations.RunSQL(f"CREATE INDEX {name} {definition}", f"DROP INDEX {name}")
            for name, definition in _indexes().items()
        ],
    ]
