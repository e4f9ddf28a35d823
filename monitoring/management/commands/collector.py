"""`manage.py collector`: samples this host every ten seconds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Samples this host, and what all hosts share where it is the first, every ten seconds until it is stopped."
    # They import everything, and ask the database: the collector also starts while that is away.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="from 1 to 10; 10 by default")

    def handle(self, *args: Any, **options: Any) -> None:
        from monitoring.collecting.process import main

        if not 1 <= options["every"] <= 10:
            raise CommandError("--every: expected 1 to 10 seconds, for a sample is stale after 30")
        main(options["every"])
