"""Makes the first admin of an installation."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from core.people import actions


class Command(BaseCommand):
    help = (
        "Makes a global admin when there is none, from FVDASH_ADMIN_EMAIL and FVDASH_ADMIN_PASSWORD; without a"
        " password a random one is made and printed, once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"] or settings.ENV["FVDASH_ADMIN_EMAIL"]
        given = settings.ENV["FVDASH_ADMIN_PASSWORD"]
        password = given or secrets.token_urlsafe(12)
        if not actions.ensure_first_admin(email, password):
            self.stderr.write("There is an admin already; nothing was changed.")
            return
        self.stdout.write(f"{email} {'(password of FVDASH_ADMIN_PASSWORD)' if given else password}")
