"""A forgotten password, from the command line of the host."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.audit.context import acting
from core.people import SYSTEM, actions
from core.people.models import User


class Command(BaseCommand):
    help = "Gives a person a new password, asked for twice or read from stdin, and signs them out everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="whose password it is")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"Nobody here has the e-mail {email}.")
        if not user.is_active:
            raise CommandError(f"{email} is deactivated: reactivate them first.")
        password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("No password was given: type it, or send it as the first line of stdin.")
        try:
            with acting(kind="command", reason="password"):
                ended = actions.set_password(SYSTEM, user.pk, password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"{email} has the new password; sessions ended: {ended}.")


def _asked() -> str:
    password = getpass.getpass("New password: ")
    if password != getpass.getpass("New password, again: "):
        raise CommandError("The two passwords differ.")
    return password
