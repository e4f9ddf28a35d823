"""`manage.py demo load|clear`."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from business.demo import loading
from core.audit.context import Actor, acting


class Command(BaseCommand):
    help = "Loads or removes the demo data: two agencies with 24 months of history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="load|clear")
        load = actions.add_parser("load", help="load it, unless it is there")
        load.add_argument("--seed", type=int, default=1, help="another seed tells another story")
        load.add_argument("--months", type=int, default=24, help="how far back it goes (24)")
        load.add_argument("--day", type=dt.date.fromisoformat, help="the day before which it ends (today)")
        actions.add_parser("clear", help="remove the demo agencies with everything that is theirs")

    def handle(self, **options: Any) -> None:
        with acting(Actor("command", reason=f"demo {options['action']}")), translation.override("en"):
            if options["action"] == "clear":
                counts = loading.clear()
                self.stdout.write(f"removed {_listed(counts)}" if counts else "there is no demo data")
                return
            if not 1 <= options["months"] <= 120:
                raise CommandError("--months is between 1 and 120")
            try:
                counts = loading.load(seed=options["seed"], months=options["months"], day=options["day"])
            except loading.DemoError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"loaded {_listed(counts)}" if counts else "the demo data is already there")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
