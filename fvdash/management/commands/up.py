"""`manage.py up`: starts the whole installation and keeps it running."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from fvdash.runtime.up import up


class Command(BaseCommand):
    """Servers, migrations, first admin, demo data, then web, worker, beat and collector until it is stopped."""

    help = "Starts PostgreSQL and Redis (unless given), web, worker, beat and collector; Ctrl-C stops all of them."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(up())
