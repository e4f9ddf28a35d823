"""`manage.py migrate`: Django's own, as the role that owns the tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate


class Command(Migrate):
    """Runs on `owner` unless told otherwise; says what is missing where that role is not configured."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        database = next(action for action in parser._actions if action.dest == "database")
        # Also where it is not configured: then there is more to say than that the choice is invalid.
        database.choices, database.default = ("owner", "default"), "owner"

    def execute(self, *args: Any, **options: Any) -> Any:
        reads_only = options["check_unapplied"] or options["plan"]
        if options["database"] not in settings.DATABASES or not (options["database"] == "owner" or reads_only):
            raise CommandError(_missing())
        return super().execute(*args, **options)


def _missing() -> str:
    if "owner" in settings.DATABASES:
        return "--database=default is the runtime role, which changes no tables: leave the option out"
    if settings.EMBEDDED_DATABASE:
        return f"the installation in {settings.INSTALLATION.data_dir} was never started: start it with `make run`"
    return "DATABASE_OWNER_URL is missing: expected the role that owns the tables, which migrations run as"
