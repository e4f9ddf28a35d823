"""The configuration as it is: every variable with its value, its source and its meaning."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.configuration.environment import GROUPS, VARIABLES, Environment
from core.people.access import Area, Denied, Viewer

GROUP_LABELS = {
    "web": _("Web"),
    "installation": _("Installation"),
    "database": _("Database and queue"),
    "backup": _("Backup"),
    "whatsapp": "WhatsApp",
    "channels": _("Channels"),
    "narrative": _("Narrative of the month"),
}


@dataclass(frozen=True)
class SettingRow:
    """`source` is environment, default or none (not configured); a secret's value is never shown."""

    name: str
    meaning: str
    value: str
    source: str
    secret: bool


def environment(viewer: Viewer) -> list[tuple[str, list[SettingRow]]]:
    """All variables by group; for admins of the whole group, since they are the installation's."""
    if not viewer.require(Area.CONFIGURATION).everything:
        raise Denied(Area.CONFIGURATION)
    env: Environment = settings.ENV
    rows: dict[str, list[SettingRow]] = {group: [] for group in GROUPS}
    for variable in VARIABLES:
        if variable.name in env.given:
            value, source = variable.shown(env.raw[variable.name]), "environment"
        elif variable.default in (None, ()):
            value, source = "", "none"
        else:
            default = variable.default
            value = f"{default.calls}/{default.seconds}" if hasattr(default, "calls") else _plain(default)
            source = "default"
        rows[variable.group].append(SettingRow(variable.name, variable.meaning, value, source, variable.secret))
    return [(str(GROUP_LABELS[group]), rows[group]) for group in GROUPS]


def _plain(value: object) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)
