"""Partitions of the tables of measurements: made ahead, and dropped whole when their time is over.

Only the owner's role may do either. A row for which no partition was made in time falls into the table's
default partition and is moved when its partition is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connections, transaction

AHEAD = 3

type Step = Literal["day", "month"]


@dataclass(frozen=True)
class Plan:
    """A table partitioned by range over `column`, in days or months of UTC, whose rows are kept for `keep`.

    `until` says up to when partitions may go (what is not rolled up yet may not); None: as `keep` says.
    """

    table: str
    column: str
    step: Step
    keep: dt.timedelta
    until: Callable[[], dt.datetime | None] | None = None
    options: str = ""
    """Storage parameters of each partition, as in CREATE TABLE … WITH (…)."""

    def floor(self, at: dt.datetime) -> dt.datetime:
        day = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self.step == "day" else day.replace(day=1)

    def after(self, start: dt.datetime) -> dt.datetime:
        return self.floor(start + dt.timedelta(days=1 if self.step == "day" else 32))

    def name(self, start: dt.datetime) -> str:
        return f"{self.table}_{start:%Y_%m_%d}" if self.step == "day" else f"{self.table}_{start:%Y_%m}"

    def start_of(self, name: str) -> dt.datetime | None:
        """When the partition of this name begins; None when the name is not one of ours."""
        text = name.removeprefix(f"{self.table}_")
        try:
            return dt.datetime.strptime(text, "%Y_%m_%d" if self.step == "day" else "%Y_%m").replace(tzinfo=dt.UTC)
        except ValueError:
            return None


_plans: dict[str, Plan] = {}


def register(*plans: Plan) -> None:
    """Adds plans; a table has one."""
    for plan in plans:
        if _plans.setdefault(plan.table, plan) is not plan:
            raise ValueError(f"table {plan.table} is planned twice")


def plans() -> tuple[Plan, ...]:
    return tuple(_plans.values())


def ensure(alias: str, now: dt.datetime, only: Plan | None = None) -> list[str]:
    """Makes the partitions of the present day or month, of the one before and of the next three; returns
    the names of those made."""
    made = []
    for plan in [only] if only else plans():
        start = plan.floor(plan.floor(now) - dt.timedelta(days=1))
        for _ in range(AHEAD + 2):
            if _make(alias, plan, start):
                made.append(plan.name(start))
            start = plan.after(start)
    return made


def ensure_for(alias: str, plan: Plan, first: dt.datetime, last: dt.datetime) -> list[str]:
    """Makes every partition from that of `first` to that of `last`: for rows of the past."""
    made, start = [], plan.floor(first)
    while start <= last:
        if _make(alias, plan, start):
            made.append(plan.name(start))
        start = plan.after(start)
    return made


def _make(alias: str, plan: Plan, start: dt.datetime) -> bool:
    name, end = plan.name(start), plan.after(start)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return False
        bounds = [start.isoformat(), end.isoformat()]
        options = f" WITH ({plan.options})" if plan.options else ""
        like = f"LIKE {plan.table} INCLUDING DEFAULTS INCLUDING STORAGE"
        cursor.execute(f"CREATE TABLE {name} ({like}){options}")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {plan.table}_default WHERE {plan.column} >= %s AND {plan.column} < %s"  # noqa: S608
            f" RETURNING *) INSERT INTO {name} SELECT * FROM moved",
            bounds,
        )
        cursor.execute(f"ALTER TABLE {plan.table} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)", bounds)
    return True


def drop(alias: str, now: dt.datetime) -> list[str]:
    """Drops the partitions whose whole time is over, and rows that old in a default partition."""
    return [name for plan in plans() for name in _drop(alias, plan, now)]


def _drop(alias: str, plan: Plan, now: dt.datetime) -> Iterator[str]:
    limit = now - plan.keep
    held = plan.until() if plan.until else None
    if plan.until:
        if held is None:
            return
        limit = min(limit, held)
    for name in _partitions(alias, plan):
        start = plan.start_of(name)
        if start is not None and plan.after(start) <= limit:
            with connections[alias].cursor() as cursor:
                cursor.execute(f"DROP TABLE {name}")
            yield name
    with connections[alias].cursor() as cursor:
        cursor.execute(f"DELETE FROM {plan.table}_default WHERE {plan.column} < %s", [limit])  # noqa: S608


def _partitions(alias: str, plan: Plan) -> list[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent = %s::regclass ORDER BY 1",
            [plan.table],
        )
        return [row[0] for row in cursor.fetchall()]


def ddl(table: str, column: str) -> str:
    """What follows the columns of a partitioned table in its CREATE TABLE, and its default partition."""
    return f" PARTITION BY RANGE ({column}); CREATE TABLE {table}_default PARTITION OF {table} DEFAULT"


def make_in_migration(plan: Plan) -> Callable[[Any, Any], None]:
    """For RunPython: the first partitions of a new table."""

    def make(apps: Any, schema_editor: Any) -> None:
        from django.utils import timezone

        ensure(schema_editor.connection.alias, timezone.now(), plan)

    return make
