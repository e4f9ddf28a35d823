"""`manage.py check_templates`: compiles every template of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError, engines


class Command(BaseCommand):
    """Fails with file and reason for each template that does not compile."""

    help = "Compiles every template and names those that fail."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        engine = engines["django"]
        folder: Path = settings.BASE_DIR / "templates"
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        failures = []
        for name in names:
            try:
                engine.get_template(name)
            except (TemplateSyntaxError, UnicodeDecodeError) as error:
                failures.append(f"templates/{name}: {error}")
        if failures:
            raise CommandError("\n".join(failures))
        self.stdout.write(f"{len(names)} templates compile")
