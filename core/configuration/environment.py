"""The typed catalogue of environment variables.

Each variable is declared once with its type, default and meaning. `load` reads all of them and
reports every wrong value at once, with the name, the value (secrets masked) and what was expected.
This module imports nothing of Django: settings are built from it.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

GROUPS = ("web", "installation", "database", "monitoring", "backup", "whatsapp", "channels", "narrative")


class ConfigurationError(Exception):
    """One or more settings are wrong; the message has one line for each."""


@dataclass(frozen=True)
class Variable:
    """One environment variable: `parse` returns the value or raises ValueError saying what was expected."""

    name: str
    group: str
    meaning: str
    parse: Callable[[str], Any]
    default: Any = None
    secret: bool = False

    def shown(self, raw: str) -> str:
        """The raw value as it may be shown to a person: secrets and passwords in URLs are masked."""
        if self.secret:
            return "••••" if raw else ""
        # A URL whose scheme was forgotten is wrong, and still holds a password.
        return mask_url(raw) if "://" in raw else mask_url(f"x://{raw}")[4:]


_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]{0,15}://)(?P<rest>(?:(?!,[A-Za-z][\w+.-]*:)\S)*)")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:,\[\]]*)(:\d*)?(,(\[[^\]]*\]|[^:,\[\]]*)(:\d*)?)*")
_NAMED = re.compile(r"(?i)(\b\w*(?:password|passwd|secret|token)\s*=\s*)('[^']*'|[^&\s#]+)")


def mask_url(raw: str) -> str:
    """Replaces the password of every URL in `raw`, and every `password=…`."""
    return _NAMED.sub(r"\1••••", _URL.sub(lambda match: match["scheme"] + _masked(match["rest"]), raw))


def _masked(rest: str) -> str:
    """What follows `scheme://`, without the password, also where it holds characters that cut a URL short."""
    path = rest.partition("?")[0]
    if "@" in path:
        credentials = path.rpartition("@")[0]
    elif not _HOST_AND_PORT.fullmatch(re.split(r"[/#]", path, maxsplit=1)[0]):
        credentials = rest.rpartition("@")[0]
    else:
        return rest
    user, colon, _ = credentials.partition(":")
    return f"{user}:••••{rest[len(credentials) :]}" if colon else rest


def gettext_noop(words: str) -> str:
    """Marks words for the catalogue; the page translates them."""
    return words


def text(raw: str) -> str:
    return raw


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"-?\d+", raw) or not low <= int(raw) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(raw)

    return parse


def switch(raw: str) -> bool:
    if raw.lower() in ("1", "true", "yes", "on"):
        return True
    if raw.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("1 or 0")


def words(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def url(*schemes: str, local: Collection[str] = ()) -> Callable[[str], str]:
    """A URL of one of `schemes`; those in `local` may name no host."""
    expected = f"a URL starting with {' or '.join(s + '://' for s in schemes)}"

    def parse(raw: str) -> str:
        try:
            parts = urlsplit(raw)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_encoded(expected, raw)) from None
        if not raw.lower().startswith(tuple(f"{scheme}://" for scheme in schemes)) or re.search(r"\s", raw):
            raise ValueError(expected)
        if parts.netloc.count("@") > 1:
            raise ValueError(_encoded(expected, raw))
        if not host and not (parts.scheme in local and parts.path):
            raise ValueError(f"{expected} and naming a host")
        return raw

    return parse


def _encoded(expected: str, raw: str) -> str:
    """Names the usual reason why a URL with a password cannot be read."""
    return f"{expected}; in a password @ : / ? # [ ] % are written %40 and so on" if "@" in raw else expected


def origin(raw: str) -> str:
    """The address of a site, without a slash at its end."""
    url("http", "https")(raw)
    parts = urlsplit(raw)
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("scheme and host alone, such as https://dashboard.example.org")
    return raw.rstrip("/")


def hosts(raw: str) -> tuple[str, ...]:
    """Names as Django's ALLOWED_HOSTS has them: a leading dot stands for all below, * for any."""
    found = words(raw)
    for part in found:
        if not re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9a-fA-F:.]+\]", part):
            raise ValueError("host names without scheme and port, comma-separated, such as dashboard.example.org")
    return found


def stores(raw: str) -> tuple[str, ...]:
    """Places of backups."""
    found = words(raw)
    for part in found:
        parts = urlsplit(part)
        if not (parts.scheme == "file" and parts.path.strip("/")) and not (parts.scheme == "s3" and parts.netloc):
            raise ValueError("file:/folder or s3://bucket, comma-separated")
    return found


def long_secret(raw: str) -> str:
    if len(raw) < 32:
        raise ValueError("32 random characters or more")
    return raw


def version(raw: str) -> str:
    if not re.fullmatch(r"v\d+(\.\d+)?", raw, re.ASCII):
        raise ValueError("a version such as v26.0")
    return raw


def zone(raw: str) -> str:
    try:
        zoneinfo.ZoneInfo(raw)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone of the IANA database such as America/Sao_Paulo") from None
    return raw


def email(raw: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", raw):
        raise ValueError("an e-mail address")
    return raw


@dataclass(frozen=True)
class Rate:
    """At most `calls` in any moving window of `seconds`."""

    calls: int
    seconds: int


def rate(raw: str) -> Rate:
    match = re.fullmatch(r"([1-9]\d{0,6})/([1-9]\d{0,6})", raw)
    if not match:
        raise ValueError("calls/seconds such as 100/900")
    return Rate(int(match[1]), int(match[2]))


def networks(raw: str) -> tuple[str, ...]:
    import ipaddress

    found = words(raw)
    for part in found:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ValueError("IP addresses or networks, comma-separated, such as 10.0.0.0/8") from None
    return found


def path(raw: str) -> Path:
    return Path(raw).expanduser()


def oidc(raw: str) -> tuple[dict[str, str], ...]:
    import json

    expected = "a JSON list of objects with id, name, server_url, client_id and secret"
    try:
        found = json.loads(raw)
    except ValueError:
        raise ValueError(expected) from None
    needed = ("id", "name", "server_url", "client_id", "secret")
    for item in found if isinstance(found, list) else [None]:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), str) and item[key] for key in needed):
            raise ValueError(expected)
        try:
            url("http", "https")(item["server_url"])
        except ValueError as error:
            raise ValueError(f"in every server_url {error}") from None
    return tuple(found)


VARIABLES: tuple[Variable, ...] = (
    Variable("PORT", "web", gettext_noop("Port of the web server."), integer(1, 65535), 3000),
    Variable("HOST", "web", gettext_noop("Address that the web server listens on."), text, "127.0.0.1"),
    Variable("FVDASH_PUBLIC_URL", "web", gettext_noop("Address in mails and for passkeys."), origin),
    Variable("FVDASH_ALLOWED_HOSTS", "web", gettext_noop("Host names that are served, comma-separated."), hosts, ()),
    Variable(
        "FVDASH_TRUSTED_PROXIES", "web", gettext_noop("Proxies whose forwarding headers are believed."), networks, ()
    ),
    Variable("FVDASH_TIME_ZONE", "web", gettext_noop("Time zone of the group."), zone, "America/Sao_Paulo"),
    Variable(
        "FVDASH_API_LIMIT", "web", gettext_noop("API calls per seconds, per token or address."), rate, Rate(100, 900)
    ),
    Variable(
        "FVDASH_ALLOW_PRIVATE_TARGETS", "web", gettext_noop("Webhooks may reach private addresses."), switch, False
    ),
    Variable("FVDASH_OIDC", "web", gettext_noop("Single sign-on providers, as JSON."), oidc, (), secret=True),
    Variable("FVDASH_DATA_DIR", "installation", gettext_noop("Folder of an embedded installation."), path),
    Variable(
        "FVDASH_ADMIN_EMAIL", "installation", gettext_noop("E-mail of the first admin."), email, "admin@localhost"
    ),
    Variable("FVDASH_ADMIN_PASSWORD", "installation", gettext_noop("Password of the first admin."), text, secret=True),
    Variable("FVDASH_DEMO", "installation", gettext_noop("0 starts without demo data."), switch, True),
    Variable("FVDASH_DEBUG", "installation", gettext_noop("1 shows debug pages; for development only."), switch, False),
    Variable(
        "FVDASH_SECRET_KEY", "installation", gettext_noop("Key that signs and encrypts."), long_secret, secret=True
    ),
    Variable(
        "DATABASE_URL",
        "database",
        gettext_noop("PostgreSQL, the runtime role."),
        url("postgres", "postgresql", local=["postgres", "postgresql"]),
    ),
    Variable(
        "DATABASE_OWNER_URL",
        "database",
        gettext_noop("PostgreSQL, the owner's role."),
        url("postgres", "postgresql", local=["postgres", "postgresql"]),
    ),
    Variable("REDIS_URL", "database", gettext_noop("Redis or Valkey."), url("redis", "rediss", "unix", local=["unix"])),
    Variable("UPSTASH_REDIS_REST_URL", "database", gettext_noop("Upstash, when REDIS_URL is absent."), url("https")),
    Variable("UPSTASH_REDIS_REST_TOKEN", "database", gettext_noop("Token of Upstash."), text, secret=True),
    Variable(
        "FVDASH_VERSION",
        "monitoring",
        gettext_noop("Version or commit that runs; a change of it is marked on the charts."),
        text,
    ),
    Variable(
        "FVDASH_HEARTBEAT_URL",
        "monitoring",
        gettext_noop("Address of an outside watcher, called every minute."),
        url("http", "https"),
        secret=True,
    ),
    Variable("BACKUP_ENCRYPTION_KEY", "backup", gettext_noop("Passphrase of the backups."), text, secret=True),
    Variable("BACKUP_RETENTION_DAYS", "backup", gettext_noop("Days that a backup is kept."), integer(1, 3650), 90),
    Variable("BACKUP_STORAGE_URLS", "backup", gettext_noop("Where backups are stored."), stores, ()),
    Variable("WHATSAPP_PHONE_NUMBER_ID", "whatsapp", gettext_noop("The number that sends."), text),
    Variable("WHATSAPP_ACCESS_TOKEN", "whatsapp", gettext_noop("Token of the Cloud API."), text, secret=True),
    Variable("WHATSAPP_BUSINESS_ACCOUNT_ID", "whatsapp", gettext_noop("The business account."), text),
    Variable("WHATSAPP_APP_SECRET", "whatsapp", gettext_noop("Secret that signs webhooks."), text, secret=True),
    Variable(
        "WHATSAPP_VERIFY_TOKEN", "whatsapp", gettext_noop("Token of the webhook's verification."), text, secret=True
    ),
    Variable(
        "WHATSAPP_API_BASE", "whatsapp", gettext_noop("Base URL."), url("http", "https"), "https://graph.facebook.com"
    ),
    Variable("WHATSAPP_API_VERSION", "whatsapp", gettext_noop("Version of the Graph API."), version, "v26.0"),
    Variable(
        "SLACK_WEBHOOK_URL", "channels", gettext_noop("Slack's incoming webhook."), url("http", "https"), secret=True
    ),
    Variable(
        "EMAIL_URL",
        "channels",
        gettext_noop("SMTP server, smtp://user:password@host:port/?from=address."),
        url("smtp", "smtps", "smtp+tls"),
    ),
    Variable("TWILIO_ACCOUNT_SID", "channels", gettext_noop("Twilio's account."), text),
    Variable("TWILIO_AUTH_TOKEN", "channels", gettext_noop("Twilio's token."), text, secret=True),
    Variable("TWILIO_FROM", "channels", gettext_noop("Number that sends SMS."), text),
    Variable(
        "TWILIO_API_BASE",
        "channels",
        gettext_noop("Base URL of Twilio."),
        url("http", "https"),
        "https://api.twilio.com",
    ),
    Variable("OPENAI_API_KEY", "narrative", gettext_noop("Key for the narrative of the month."), text, secret=True),
    Variable("OPENAI_ORGANIZATION", "narrative", gettext_noop("Organization of that key."), text),
    Variable(
        "OPENAI_API_BASE", "narrative", gettext_noop("Base URL."), url("http", "https"), "https://api.openai.com/v1"
    ),
)


# Given, then missing, unless the third is there. Half of a pair would start something else than was meant.
_TOGETHER = (
    ("DATABASE_OWNER_URL", "DATABASE_URL", "DATABASE_URL"),
    ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "REDIS_URL"),
    ("UPSTASH_REDIS_REST_TOKEN", "UPSTASH_REDIS_REST_URL", "REDIS_URL"),
)


@dataclass(frozen=True)
class Environment:
    """The values read, and which of them were given rather than defaulted."""

    values: Mapping[str, Any]
    given: frozenset[str]
    raw: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def load(source: Mapping[str, str]) -> Environment:
    """Reads every variable from `source`; an empty value counts as absent.

    Raises ConfigurationError naming each wrong value and what was expected.
    """
    values: dict[str, Any] = {}
    raw: dict[str, str] = {}
    wrong: list[str] = []
    for variable in VARIABLES:
        given = source.get(variable.name, "").strip()
        values[variable.name] = variable.default
        if not given:
            continue
        raw[variable.name] = given
        try:
            values[variable.name] = variable.parse(given)
        except ValueError as error:
            wrong.append(f"{variable.name}={variable.shown(given)}: expected {error}")
    wrong += [
        f"{missing} is missing: expected it beside {given}"
        for given, missing, instead in _TOGETHER
        if given in raw and missing not in raw and instead not in raw
    ]
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return Environment(values, frozenset(raw), raw)
