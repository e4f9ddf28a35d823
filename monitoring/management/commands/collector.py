"""`manage.py collector`: samples this host every ten seconds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Samples this host, and what all hosts share where it is the first, every ten seconds until it is stopped."
    # They import everything, and ask the database: the collector also starts while that is away.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        from monitoring.collecting.process import main

        main()
