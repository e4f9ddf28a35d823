"""Runs an import: reads, checks and writes chunk by chunk, each chunk one transaction.

Memory is bounded by the chunk, whatever the file's size. A row that is refused is told with its line and the
others go on.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from business import rules
from business.importing import upsert, values
from business.importing.entities import ENTITIES, PROJECTS, Entity, Kind
from business.importing.mapping import ImportMap
from business.importing.reading import Record, Table
from core.agencies.models import Agency
from core.events import emit

CHUNK = 5_000
_CONSTRAINTS = {
    "business_client_archived_when": gettext_lazy(
        "An archived client has a date of archiving, an active one has none."
    ),
    "business_contract_end_after_start": gettext_lazy("The contract ends before it starts."),
    "business_contractchange_once_a_day": gettext_lazy(
        "Another change of this contract takes effect on the same day: keep one of them."
    ),
    "business_payment_refund_whole": gettext_lazy(
        "A refund has a date and an amount, is not more than the payment, and is later than it."
    ),
    "business_lead_open_not_closed": gettext_lazy("An open lead has no closing date."),
}


@dataclass
class Counts:
    """What came of the rows. `printed` is the line that ends the command's output."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def read(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected

    def __str__(self) -> str:
        written = f"created {self.created}, updated {self.updated}, unchanged {self.unchanged}"
        return f"{written}, rejected {self.rejected}"


@dataclass(frozen=True)
class Rejection:
    """A row that was not imported: where it begins, which fields are to blame, why, and the row itself."""

    file: str
    line: int
    fields: tuple[str, ...]
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """A row that was imported with a value changed."""

    file: str
    line: int
    text: str


@dataclass
class _Row:
    record: Record
    values: list[Any]


def _ignore(*_arguments: Any) -> None:
    pass


@dataclass
class Import:
    """One run over one or more files of an entity.

    `on_progress` is given the share done (0 to 1) and the counts after every chunk, and may raise to stop;
    what was written by then stays. `file`, `line` and `header` say where the run is;
    `names` is what messages call a file that is kept under another name.
    """

    entity: Entity
    agency: Agency | None
    import_map: ImportMap
    dry_run: bool = False
    on_reject: Callable[[Rejection], None] = _ignore
    on_warning: Callable[[Notice], None] = _ignore
    on_progress: Callable[[float, Counts], None] = _ignore
    counts: Counts = field(default_factory=Counts)
    warnings: int = 0
    file: str = ""
    line: int = 0
    header: list[str] = field(default_factory=list)
    names: dict[Path, str] = field(default_factory=dict)

    def run(self, paths: Sequence[Path]) -> Counts:
        """Imports the files in their order. Every header is looked at before the first row is read.

        Raises FileError when a file cannot be read or lacks a column of the map, MapError when the map does
        not fit, and what `on_progress` raises.
        """
        self._now = timezone.now()
        zone = self.agency.zone if self.agency else zoneinfo.ZoneInfo("UTC")
        mapped = self.import_map.fields
        self._upsert = upsert.Upsert(self.entity, list(mapped), self.agency.pk if self.agency else None, self._now)
        self._fields = self._upsert.fields
        self._readers = [values.reader(one, mapped[one.name], zone, self._warn) for one in self._fields]
        self._key = [one.name for one in self._fields].index(self.entity.key)
        self._constants = {
            index: self._constant(index) for index, one in enumerate(self._fields) if mapped[one.name].column is None
        }
        columns = []
        for path in paths:
            with Table(path, self.import_map, self.names.get(path, "")) as table:
                columns.append(self._columns(table))
        whole = max(1, sum(path.stat().st_size for path in paths))
        before = 0
        try:
            with _Seen() as self._seen:
                for path, indexes in zip(paths, columns, strict=True):
                    with Table(path, self.import_map, self.names.get(path, "")) as table:
                        self._file(table, indexes, before, whole)
                    before += path.stat().st_size
        finally:
            if not self.dry_run and self.counts.created + self.counts.updated:
                self._tell()
        return self.counts

    def _columns(self, table: Table) -> list[int | None]:
        return [
            None if (column := self.import_map.fields[one.name].column) is None else table.column(column)
            for one in self._fields
        ]

    def _constant(self, index: int) -> Any:
        from business.importing.mapping import MapError

        one = self._fields[index]
        try:
            return self._readers[index](self.import_map.fields[one.name].constant or "")
        except ValidationError as error:
            raise MapError([f"{one.name}: {values.message(error)}"]) from error

    def _file(self, table: Table, columns: list[int | None], before: int, whole: int) -> None:
        self.file, self.header = table.name, table.header
        chunk: list[_Row] = []
        rejected: list[Rejection] = []
        read = 0
        for record in table:
            self.line = record.line
            read += 1
            row = self._row(record, columns, rejected)
            if row is not None:
                chunk.append(row)
            if read >= CHUNK:
                self._flush(chunk, rejected)
                chunk, rejected, read = [], [], 0
                self.on_progress(min(1.0, (before + table.bytes_read) / whole), self.counts)
        self._flush(chunk, rejected)
        self.on_progress(min(1.0, (before + table.bytes) / whole), self.counts)

    # ---- one row ----------------------------------------------------------------------------------
    def _row(self, record: Record, columns: list[int | None], rejected: list[Rejection]) -> _Row | None:
        if record.error:
            rejected.append(self._rejection(record, [("", record.error)]))
            return None
        cells, constants = record.cells, self._constants
        try:
            found = [
                constants[index] if column is None else read(cells[column])
                for index, (column, read) in enumerate(zip(columns, self._readers, strict=True))
            ]
        except ValidationError:
            rejected.append(self._rejection(record, self._all_errors(cells, columns)))
            return None
        if misfits := self._misfits(found):
            rejected.append(self._rejection(record, misfits))
            return None
        return _Row(record, found)

    def _all_errors(self, cells: list[str], columns: list[int | None]) -> list[tuple[str, str]]:
        errors = []
        for one, column, read in zip(self._fields, columns, self._readers, strict=True):
            if column is not None:
                try:
                    read(cells[column])
                except ValidationError as error:
                    errors.append((one.name, values.message(error)))
        return errors

    def _misfits(self, found: list[Any]) -> list[tuple[str, str]]:
        row = dict(zip((one.name for one in self._fields), found, strict=True))
        if self.entity.name == "payments" and row.get("refunded_amount") == 0 and row.get("refunded_at") is None:
            # Sources write 0,00 where there was no refund.
            for index, one in enumerate(self._fields):
                if one.name == "refunded_amount":
                    found[index] = row["refunded_amount"] = None
        if self.entity.name == "agencies":
            return _agency_misfits(row)
        rule = rules.ROW_RULES.get(self.entity.name)
        # What the map leaves out follows from the rest, or is judged with the row that is there.
        return [(name, str(text)) for name, text in rule(row) if name in row] if rule else []

    def _rejection(self, record: Record, errors: list[tuple[str, str]]) -> Rejection:
        names = tuple(dict.fromkeys(name for name, _text in errors if name))
        reason = errors[0][1] if len(errors) == 1 else " ".join(f"{name}: {text}" for name, text in errors)
        return Rejection(self.file, record.line, names, reason, tuple(record.cells))

    def _warn(self, text: str) -> None:
        self.warnings += 1
        self.on_warning(Notice(self.file, self.line, text))

    # ---- one chunk --------------------------------------------------------------------------------
    def _flush(self, chunk: list[_Row], rejected: list[Rejection]) -> None:
        chunk = self._resolved(chunk, rejected)
        chunk = self._once(chunk, rejected)
        with transaction.atomic():
            self._write(chunk, rejected)
            if self.dry_run:
                transaction.set_rollback(True)
        rejected.sort(key=lambda one: one.line)
        self.counts.rejected += len(rejected)
        for one in rejected:
            self.on_reject(one)

    def _resolved(self, chunk: list[_Row], rejected: list[Rejection]) -> list[_Row]:
        """Puts the rows' ids in place of the source ids that references name."""
        errors: dict[int, list[tuple[str, str]]] = {}
        for index, one in enumerate(self._fields):
            if one.kind is not Kind.REFERENCE:
                continue
            wanted = {row.values[index] for row in chunk if row.values[index] is not None}
            known = upsert.ids_of(ENTITIES[one.of], self.agency.pk, wanted) if wanted and self.agency else {}
            for position, row in enumerate(chunk):
                source_id = row.values[index]
                if source_id is None:
                    continue
                row.values[index] = known.get(source_id)
                if row.values[index] is None:
                    errors.setdefault(position, []).append((one.name, _unknown(one.of, source_id)))
        rejected.extend(self._rejection(chunk[position].record, found) for position, found in errors.items())
        return [row for position, row in enumerate(chunk) if position not in errors]

    def _once(self, chunk: list[_Row], rejected: list[Rejection]) -> list[_Row]:
        """Leaves out rows whose id was in an earlier row of this run."""
        kept = []
        for row in chunk:
            first = self._seen.first(row.values[self._key], self.file, row.record.line)
            if first is None:
                kept.append(row)
            else:
                file, line = first
                where = _("line %d") % line if file == self.file else _("line %d of %s") % (line, file)
                rejected.append(
                    self._rejection(
                        row.record,
                        [(self.entity.key, _("duplicate of %s: one row for each id is imported") % where)],
                    )
                )
        return kept

    def _write(self, rows: list[_Row], rejected: list[Rejection]) -> None:
        """Writes the rows; when the database refuses, halves them until the one to blame is alone."""
        if not rows:
            return
        try:
            with transaction.atomic():
                written = self._upsert.write([row.values for row in rows])
                if self.entity is PROJECTS:
                    upsert.write_history(written, self._now)
        except (IntegrityError, DataError) as error:
            if len(rows) == 1:
                rejected.append(self._rejection(rows[0].record, [("", _refused(error))]))
                return
            middle = len(rows) // 2
            self._write(rows[:middle], rejected)
            self._write(rows[middle:], rejected)
            return
        self.counts.created += len(written.created)
        self.counts.updated += len(written.updated)
        self.counts.unchanged += written.unchanged

    def _tell(self) -> None:
        """One event for the whole import: nobody is messaged about each row."""
        with transaction.atomic():
            emit(
                "import.finished",
                agency_id=self.agency.pk if self.agency else None,
                data={
                    "entity": self.entity.name,
                    "created": self.counts.created,
                    "updated": self.counts.updated,
                    "unchanged": self.counts.unchanged,
                    "rejected": self.counts.rejected,
                },
            )


def _unknown(of: str, source_id: str) -> str:
    return _("no %(entity)s of this agency has the id “%(id)s”: import %(entity)s first, or correct the id") % {
        "entity": of,
        "id": source_id,
    }


def _agency_misfits(row: dict[str, Any]) -> list[tuple[str, str]]:
    errors = []
    for name, value in row.items():
        model_field = Agency._meta.get_field(name)
        try:
            model_field.run_validators(value)  # type: ignore[union-attr]
        except ValidationError as error:
            errors.append((name, values.message(error)))
    return errors


def _refused(error: Exception) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if constraint in _CONSTRAINTS:
        return str(_CONSTRAINTS[constraint])
    return str(getattr(diagnosis, "message_primary", None) or error)


class _Seen:
    """Which ids this run had already, and where: on disk beyond a few megabytes, however many there are."""

    def __enter__(self) -> Self:
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.execute("PRAGMA journal_mode = OFF")
        self._store.execute("PRAGMA synchronous = OFF")
        self._store.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, file TEXT, line INTEGER) WITHOUT ROWID")
        self._store.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def first(self, source_id: str, file: str, line: int) -> tuple[str, int] | None:
        """Where the id was first, None when this is the first time."""
        digest = hashlib.blake2b(source_id.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        made = self._store.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (digest, file, line))
        if made.rowcount:
            return None
        found = self._store.execute("SELECT file, line FROM seen WHERE id = ?", (digest,)).fetchone()
        return str(found[0]), int(found[1])
