from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.i18n import catalogues


class Command(BaseCommand):
    help = "Translations: compile the catalogues, check that nothing is missing, or add what is (untranslated)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["compile", "check", "extract"])

    def handle(self, *args: Any, **options: Any) -> None:
        match options["what"]:
            case "compile":
                written = catalogues.compile_all()
                self.stdout.write(f"compiled {len(written)} catalogues")
            case "extract":
                added = catalogues.add_missing()
                for app, count in sorted(added.items()):
                    self.stdout.write(f"{app}: {count} to translate in {catalogues.catalogue_path(app)}")
                if not added:
                    self.stdout.write("nothing is missing")
            case "check":
                problems = catalogues.problems()
                for problem in problems:
                    self.stdout.write(problem)
                if problems:
                    raise CommandError(f"{len(problems)} problems in the catalogues")
                self.stdout.write("the catalogues are complete")
