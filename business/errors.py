"""What can go wrong when the business is changed, beside values that are not accepted (ValidationError)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.api.problems import Problem


@dataclass(frozen=True)
class Clash:
    """A field that somebody else changed meanwhile: what is stored now, and what was to be written."""

    field: str
    label: str
    stored: Any
    given: Any


class LostUpdate(Problem):
    """The row was changed since the caller read it: 409. Nothing was written."""

    def __init__(self, version: str, clashes: list[Clash]) -> None:
        super().__init__(
            409,
            _("Somebody changed this meanwhile. Read it again, then send the present version."),
            title=_("Changed meanwhile"),
            errors=[
                {
                    "field": clash.field,
                    "message": _("This was changed meanwhile."),
                    "stored": _plain(clash.stored),
                    "given": _plain(clash.given),
                }
                for clash in clashes
            ],
        )
        self.version, self.clashes = version, clashes


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
