"""Routes migrations to the owner's role when one is configured."""

from __future__ import annotations

from typing import Any

from django.conf import settings


class OwnerMigrates:
    """Both aliases are one database: data goes through the runtime role, schema through the owner's."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, left: Any, right: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == ("owner" if "owner" in settings.DATABASES else "default")
