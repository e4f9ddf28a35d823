"""`manage.py first_admin`: makes the first admin of an installation in which there is nobody yet."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.people.actions import ensure_first_admin


class Command(BaseCommand):
    """Prints `created`, `kept` when an earlier call made it, or `unchanged` when there are other admins."""

    help = "Makes the first admin from FVDASH_ADMIN_EMAIL and FVDASH_ADMIN_PASSWORD, if nobody exists yet."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        password = settings.ENV["FVDASH_ADMIN_PASSWORD"]
        if not password:
            raise CommandError("FVDASH_ADMIN_PASSWORD is missing: expected the password of the first admin")
        self.stdout.write(ensure_first_admin(settings.ENV["FVDASH_ADMIN_EMAIL"], password))
