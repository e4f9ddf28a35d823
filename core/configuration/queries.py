"""The configuration as it is: every variable with its value, its source and its meaning."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.configuration.environment import GROUPS, VARIABLES, Environment, Variable
from core.people.access import Area, Denied, Viewer

GROUP_LABELS = {
    "web": _("Web"),
    "installation": _("Installation"),
    "database": _("Database and queue"),
    "monitoring": _("Monitoring"),
    "backup": _("Backup"),
    "whatsapp": "WhatsApp",
    "channels": _("Channels"),
    "narrative": _("Narrative of the month"),
}


EXPECTED = {
    "text": _("text"),
    "integer": _("whole number"),
    "switch": _("1 or 0"),
    "hosts": _("host names, comma-separated"),
    "url": "URL",
    "origin": _("scheme and host, such as https://dashboard.example.org"),
    "stores": _("file:/folder or s3://bucket, comma-separated"),
    "long_secret": _("32 random characters or more"),
    "version": _("version, such as v26.0"),
    "zone": _("time zone of the IANA database"),
    "email": _("e-mail address"),
    "rate": _("calls/seconds, such as 100/900"),
    "networks": _("IP addresses or networks, comma-separated"),
    "path": _("folder"),
    "oidc": _("JSON list: id, name, server_url, client_id, secret"),
}


@dataclass(frozen=True)
class SettingRow:
    """`source` is environment, default or none (not configured); a secret's value is never shown. `expected` says
    what a value has to look like."""

    name: str
    meaning: str
    expected: str
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
        rows[variable.group].append(
            SettingRow(variable.name, gettext(variable.meaning), _expected(variable), value, source, variable.secret)
        )
    return [(str(GROUP_LABELS[group]), rows[group]) for group in GROUPS]


def _expected(variable: Variable) -> str:
    """By the name of the function that reads it."""
    kind = variable.parse.__qualname__.partition(".")[0]
    return str(EXPECTED.get(kind, EXPECTED["text"]))


def _plain(value: object) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)
