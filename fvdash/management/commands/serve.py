"""`manage.py serve`: the web process alone, for installations that something else supervises."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fvdash.runtime.up import web_arguments


class Command(BaseCommand):
    """Replaces this process by the web server on HOST and PORT."""

    help = "Runs the web server alone (PostgreSQL, Redis, worker and beat run elsewhere)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        os.execv(sys.executable, [sys.executable, *web_arguments(settings.HOST, settings.PORT)])  # noqa: S606
