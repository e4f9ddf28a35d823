"""`manage.py collector`: what observes this host beside the web, worker and beat processes."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from monitoring.health import run_forever


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. It needs neither queue nor Redis, and outlives an outage of the database."""

    help = "Makes the rounds of health checks; one per host, the hosts agree who of them does it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        run_forever(stop)
