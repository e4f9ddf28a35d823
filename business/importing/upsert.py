"""Writes a chunk of rows in one statement: new rows in, changed rows updated, equal rows left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from business.importing.entities import NOW, Entity

# Serialises the chunks of two imports into one agency, whose rows could otherwise lock each other out.
_LOCK_CLASS = 0x1339


@dataclass(frozen=True)
class Written:
    """What one chunk came to; `ids` are those of the rows made and updated."""

    created: tuple[int, ...]
    updated: tuple[int, ...]
    unchanged: int


# Columns that follow from another when the map has only that one: (of, mapped, not mapped) -> the value, in
# terms of the row given ({new}) and of the column as it is ({old}, null in a new row).
_DERIVED = {
    (
        "clients",
        "status",
        "archived_at",
    ): "CASE WHEN {new}.status = 'archived' THEN coalesce({old}, now()) END",
    (
        "clients",
        "archived_at",
        "status",
    ): "CASE WHEN {new}.archived_at IS NULL THEN 'active' ELSE 'archived' END",
    (
        "payments",
        "refunded_at",
        "refunded_amount",
    ): "CASE WHEN {new}.refunded_at IS NOT NULL THEN {new}.amount END",
}


class Upsert:
    """The statement for an entity and the fields that a map has."""

    def __init__(self, entity: Entity, mapped: Sequence[str], agency_id: int | None, now: dt.datetime) -> None:
        self.entity, self.agency_id = entity, agency_id
        self.fields = [field for field in entity.fields if field.name in mapped]
        self.derived = {
            name: value
            for (of, given, name), value in _DERIVED.items()
            if of == entity.name and given in mapped and name not in mapped
        }
        self.constants = [
            (field.column, field.sql_type, now if field.when_missing is NOW else field.when_missing)
            for field in entity.fields
            if field.name not in mapped and field.name not in self.derived
        ]
        if not entity.owned:
            # Columns of an agency that no import touches.
            self.constants += [("is_demo", "boolean", False), ("created_at", "timestamptz", now)]
        self.sql = self._statement()

    def _statement(self) -> str:
        entity, key = self.entity, f'"{self.entity.key}"'
        mapped = [f'"{field.column}"' for field in self.fields]
        # Column -> its value in a new row.
        fresh = {'"agency_id"': "%s::bigint"} if entity.owned else {}
        fresh |= {column: f"x.{column}" for column in mapped}
        fresh |= {f'"{column}"': f"%s::{type_}" for column, type_, _value in self.constants}
        fresh |= {f'"{name}"': value.format(new="x", old="NULL") for name, value in self.derived.items()}
        # Column -> its value in a row that is there.
        again = {column: f"excluded.{column}" for column in mapped if column != key}
        again |= {f'"{name}"': value.format(new="excluded", old=f't."{name}"') for name, value in self.derived.items()}
        arrays = ", ".join(f"%s::{field.sql_type}[]" for field in self.fields)
        target = f"(agency_id, {key}) WHERE {key} <> ''" if entity.owned else f"({key})"
        new, old = ", ".join(again.values()), ", ".join(f"t.{column}" for column in again)
        # Everything that is put together here comes from the fields table, never from a file or a map.
        return (
            f'INSERT INTO "{entity.table}" AS t ({", ".join(fresh)})'  # noqa: S608
            f" SELECT {', '.join(fresh.values())} FROM unnest({arrays}) AS x({', '.join(mapped)})"
            f" ON CONFLICT {target} DO UPDATE SET ({', '.join(again)}) = ROW({new})"
            f" WHERE ROW({old}) IS DISTINCT FROM ROW({new})"
            " RETURNING id, (xmax = 0)"
        )

    def write(self, rows: Sequence[Sequence[Any]]) -> Written:
        """Writes rows, each a value per mapped field in the entity's order, in the caller's transaction.

        Raises IntegrityError when the database refuses one of them.
        """
        if not rows:
            return Written((), (), 0)
        columns = [list(column) for column in zip(*rows, strict=True)]
        parameters: list[Any] = [self.agency_id] if self.entity.owned else []
        parameters += [value for _column, _type, value in self.constants]
        parameters += columns
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::int)", [_LOCK_CLASS, (self.agency_id or 0) % 2**31])
            cursor.execute(self.sql, parameters)
            written = cursor.fetchall()
        created = tuple(row[0] for row in written if row[1])
        updated = tuple(row[0] for row in written if not row[1])
        return Written(created, updated, len(rows) - len(written))


def ids_of(entity: Entity, agency_id: int, source_ids: set[str]) -> dict[str, int]:
    """The rows of the agency that have these ids at the source."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT source_id, id FROM "{entity.table}"'  # noqa: S608  (a name of ours)
            " WHERE agency_id = %s AND source_id <> '' AND source_id = ANY(%s)",
            [agency_id, list(source_ids)],
        )
        return dict(cursor.fetchall())


# A project's history as far as its dates tell it. An ended project was open since it was made; one whose end
# has no date is shown in its state from the start, since when it ended is not known.
_FIRST_STEPS = """
INSERT INTO business_projectstatuschange
       (agency_id, project_id, from_status, to_status, changed_at, changed_by_id, note)
SELECT p.agency_id, p.id, step.was, step.became, step.at, NULL, ''
  FROM business_project p
 CROSS JOIN LATERAL (SELECT business_closed_at(p.status, p.completed_at, p.cancelled_at) AS at) ended
 CROSS JOIN LATERAL (
       SELECT '' AS was, CASE WHEN ended.at IS NULL THEN p.status ELSE 'active' END AS became,
              p.created_at AS at
        UNION ALL
       SELECT 'active', p.status, greatest(ended.at, p.created_at) WHERE ended.at IS NOT NULL
       ) step
 WHERE p.id = ANY(%s)
 ORDER BY p.id, step.at, step.was
"""
_NEXT_STEPS = """
WITH latest AS (
    SELECT DISTINCT ON (c.project_id) c.project_id, c.to_status, c.changed_at
      FROM business_projectstatuschange c WHERE c.project_id = ANY(%(ids)s)
     ORDER BY c.project_id, c.changed_at DESC, c.id DESC)
INSERT INTO business_projectstatuschange
       (agency_id, project_id, from_status, to_status, changed_at, changed_by_id, note)
SELECT p.agency_id, p.id, coalesce(l.to_status, ''), p.status,
       greatest(coalesce(business_closed_at(p.status, p.completed_at, p.cancelled_at), %(now)s::timestamptz),
                l.changed_at), NULL, ''
  FROM business_project p LEFT JOIN latest l ON l.project_id = p.id
 WHERE p.id = ANY(%(ids)s) AND l.to_status IS DISTINCT FROM p.status
"""
# A corrected date of the end, or of the start, corrects the step that it dated.
_CORRECTED_ENDS = """
UPDATE business_projectstatuschange c
   SET changed_at = greatest(ended.at, p.created_at)
  FROM business_project p
 CROSS JOIN LATERAL (SELECT business_closed_at(p.status, p.completed_at, p.cancelled_at) AS at) ended
 WHERE p.id = ANY(%(ids)s) AND ended.at IS NOT NULL AND c.from_status <> ''
   AND c.id = (SELECT id FROM business_projectstatuschange
                WHERE project_id = p.id ORDER BY changed_at DESC, id DESC LIMIT 1)
   AND c.changed_at <> greatest(ended.at, p.created_at)
"""
_CORRECTED_STARTS = """
UPDATE business_projectstatuschange c SET changed_at = p.created_at
  FROM business_project p
 WHERE p.id = ANY(%(ids)s) AND c.project_id = p.id AND c.from_status = '' AND c.changed_at <> p.created_at
   AND NOT EXISTS (SELECT FROM business_projectstatuschange later
                    WHERE later.project_id = p.id AND later.id <> c.id AND later.changed_at < p.created_at)
"""


def write_history(written: Written, now: dt.datetime) -> None:
    """Keeps the history of projects in step with rows just written; nothing is written twice."""
    with connection.cursor() as cursor:
        if written.created:
            cursor.execute(_FIRST_STEPS, [list(written.created)])
        if written.updated:
            parameters: dict[str, Any] = {"ids": list(written.updated), "now": now}
            for statement in (_NEXT_STEPS, _CORRECTED_ENDS, _CORRECTED_STARTS):
                cursor.execute(statement, parameters)
