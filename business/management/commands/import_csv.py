"""`manage.py import_csv ENTITY FILE… --agency SLUG --map MAP.toml [--dry-run] [--rejects FILE]`."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseProblem
from django.utils import translation

from business.importing import mapping
from business.importing.entities import ENTITIES
from business.importing.reading import FileError
from business.importing.rejects import RejectsFile
from business.importing.running import Counts, Import, Notice, Rejection
from core.agencies.models import Agency
from core.audit.context import Actor, acting

SHOWN = 20


class Command(BaseCommand):
    help = "Imports CSV files by a map; a second import of the same rows changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("entity", metavar="ENTITY", help=", ".join(ENTITIES))
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
        parser.add_argument("--agency", metavar="SLUG", help="short name of the agency that owns the rows")
        parser.add_argument("--map", metavar="MAP.toml", required=True, type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check every row and write none")
        parser.add_argument("--rejects", metavar="FILE", type=Path, help="write rejected rows to this CSV file")

    def handle(self, **options: Any) -> None:
        # What a terminal and its scripts read does not depend on the installation's language.
        with translation.override("en"):
            self._import(**options)

    def _import(self, **options: Any) -> None:
        entity = ENTITIES.get(options["entity"])
        if entity is None:
            raise CommandError(f"unknown entity “{options['entity']}”; there are {', '.join(ENTITIES)}")
        agency = self._agency(options["agency"]) if entity.owned else None
        try:
            import_map = mapping.read(options["map"], entity)
        except mapping.MapError as error:
            raise CommandError("\n".join(f"{options['map']}: {text}" for text in error.problems)) from error
        for name in import_map.ignored:
            self.stderr.write(
                f"{options['map']}: warning: {entity.name} have no field “{name}”: its constant is ignored"
            )
        with contextlib.ExitStack() as stack:
            if threading.current_thread() is threading.main_thread():
                stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _interrupted))
            report = _Report(self, self._rejects(options["rejects"], stack))
            work = Import(entity, agency, import_map, options["dry_run"])
            work.on_reject = lambda one: report.rejected(one, work.header)
            work.on_warning, work.on_progress = report.warned, report.progressed
            try:
                self._run(work, options["files"])
            finally:
                report.finish(work)
        if options["dry_run"]:
            self.stdout.write("dry run: nothing was written; an import now would come to")
        self.stdout.write(str(work.counts))
        if work.counts.rejected:
            sys.exit(1)

    def _rejects(self, path: Path | None, stack: contextlib.ExitStack) -> RejectsFile | None:
        if path is None:
            return None
        try:
            return stack.enter_context(RejectsFile(path))
        except OSError as error:
            raise CommandError(f"--rejects {path}: {error.strerror or error}") from error

    def _agency(self, slug: str | None) -> Agency:
        if not slug:
            raise CommandError("--agency is missing: the short name of the agency that owns the rows")
        agency = Agency.objects.filter(slug=slug).first()
        if agency is None:
            known = ", ".join(Agency.objects.values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"unknown agency “{slug}”; there are: {known}")
        return agency

    def _run(self, work: Import, files: list[Path]) -> None:
        names = ", ".join(path.name for path in files)
        try:
            with acting(Actor("command", reason=f"import_csv {work.entity.name} {names}"[:300])):
                work.run(files)
        except (FileError, mapping.MapError) as error:
            if not work.counts.read:
                raise CommandError(str(error)) from error
            self._stopped(work, str(error))
        except (DatabaseProblem, OSError, KeyboardInterrupt) as error:
            self._stopped(work, str(error).strip() or "interrupted")

    def _stopped(self, work: Import, why: str) -> None:
        """Says what is in the database although the end was not reached."""
        kept = "nothing was written (dry run)" if work.dry_run else "what was imported until then stays"
        self.stderr.write(f"stopped near line {work.line} of {work.file}: {why}")
        self.stderr.write(f"{kept}; import the same files again to go on: rows that are there stay as they are")
        self.stdout.write(str(work.counts))
        sys.exit(1)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("asked to stop")


class _Report:
    """Tells what was refused and changed, and how far the import is where somebody watches."""

    def __init__(self, command: Command, rejects: RejectsFile | None) -> None:
        self.command, self.rejects = command, rejects
        self.refused = self.told = 0
        self.watched = sys.stderr.isatty()

    def rejected(self, one: Rejection, header: list[str]) -> None:
        if self.rejects:
            self.rejects.write(one, header)
        self.refused += 1
        if self.refused <= SHOWN:
            fields = f"{', '.join(one.fields)}: " if len(one.fields) == 1 else ""
            self._say(f"{one.file} line {one.line}: rejected: {fields}{one.reason}")

    def warned(self, one: Notice) -> None:
        self.told += 1
        if self.told <= SHOWN:
            self._say(f"{one.file} line {one.line}: warning: {one.text}")

    def progressed(self, share: float, counts: Counts) -> None:
        if self.watched:
            self.command.stderr.write(f"\r{share:4.0%}  {counts}", ending="")

    def finish(self, work: Import) -> None:
        if self.watched:
            self.command.stderr.write("")
        if self.refused > SHOWN:
            where = f"all of them are in {self.rejects.path}" if self.rejects else "name a file with --rejects"
            self._say(f"… and {self.refused - SHOWN} more rejected rows: {where}")
        if work.warnings > SHOWN:
            self._say(f"… and {work.warnings - SHOWN} more warnings")

    def _say(self, text: str) -> None:
        # A cell may hold anything, a terminal must not obey it.
        self.command.stderr.write("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
