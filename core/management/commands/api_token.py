"""API tokens from the command line."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from core.audit.context import acting
from core.people import SYSTEM, actions
from core.people.models import ApiToken, User


class Command(BaseCommand):
    help = "Makes, lists and revokes API tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="prints the new token alone on stdout, this once")
        create.add_argument("--email", required=True, help="whom the token acts for")
        create.add_argument("--name", required=True, help="what it is for")
        create.add_argument("--scope", action="append", default=[], help="limits it; may be repeated")
        create.add_argument("--days", type=int, help="days until it expires (default: never)")
        listed = commands.add_parser("list", help="prints id, prefix, name, scopes and last use")
        listed.add_argument("--email", required=True)
        revoke = commands.add_parser("revoke", help="ends a token at once")
        revoke.add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        # What a terminal and its scripts read does not depend on the installation's language.
        with translation.override("en"), acting(kind="command", reason=f"api_token {options['command']}"):
            getattr(self, options["command"])(options)

    def create(self, options: dict[str, Any]) -> None:
        user = self._user(options["email"])
        days = options["days"]
        expires = timezone.now() + dt.timedelta(days=days) if days is not None else None
        try:
            _, secret = actions.create_token(
                SYSTEM, user=user, name=options["name"], scopes=options["scope"], expires_at=expires
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(secret)

    def list(self, options: dict[str, Any]) -> None:
        for token in ApiToken.objects.filter(user=self._user(options["email"])).order_by("pk"):
            state = "revoked" if token.revoked_at else f"last used {token.last_used_at or 'never'}"
            self.stdout.write(f"{token.pk}\t{token.prefix}…\t{token.name}\t{','.join(token.scopes) or '*'}\t{state}")

    def revoke(self, options: dict[str, Any]) -> None:
        if not ApiToken.objects.filter(pk=options["id"]).exists():
            raise CommandError(f"There is no token {options['id']}: see api_token list.")
        actions.revoke_token(SYSTEM, options["id"])

    def _user(self, email: str) -> User:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody here has the e-mail {email}.")
        if not user.is_active:
            raise CommandError(f"{email} is deactivated: reactivate them first.")
        return user
