"""The catalogue of variables: what is refused, and that no refusal shows a password."""

from __future__ import annotations

import pytest

from core.configuration.environment import VARIABLES, ConfigurationError, load, mask_url


def refusal(**given: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "abc", "a whole number from 1 to 65535"),
        ("PORT", "99999", "a whole number from 1 to 65535"),
        ("FVDASH_PUBLIC_URL", "example.org", "a URL starting with http:// or https://"),
        ("FVDASH_PUBLIC_URL", "https:///x", "naming a host"),
        ("FVDASH_PUBLIC_URL", "https://example.org/dashboard", "scheme and host alone"),
        ("FVDASH_ALLOWED_HOSTS", "https://example.org", "host names without scheme and port"),
        ("FVDASH_TRUSTED_PROXIES", "proxy", "IP addresses or networks"),
        ("FVDASH_TIME_ZONE", "Mars/Olympus", "a time zone of the IANA database"),
        ("FVDASH_API_LIMIT", "0/900", "calls/seconds"),
        ("FVDASH_DEMO", "2", "1 or 0"),
        ("FVDASH_SECRET_KEY", "short", "32 random characters or more"),
        ("FVDASH_OIDC", '[{"id": 1}]', "a JSON list of objects"),
        (
            "FVDASH_OIDC",
            '[{"id": "a", "name": "a", "server_url": "here", "client_id": "c", "secret": "s"}]',
            "in every server_url a URL",
        ),
        ("DATABASE_URL", "mysql://h/db", "a URL starting with postgres:// or postgresql://"),
        ("DATABASE_URL", "postgresql:db", "a URL starting with postgres:// or postgresql://"),
        ("REDIS_URL", "redis:///0", "naming a host"),
        ("EMAIL_URL", "smtp:///", "naming a host"),
        ("BACKUP_RETENTION_DAYS", "0", "a whole number from 1 to 3650"),
        ("BACKUP_STORAGE_URLS", "file:/backups,s3:", "file:/folder or s3://bucket"),
        ("WHATSAPP_API_VERSION", "26/../me", "a version such as v26.0"),
    ],
)
def test_a_wrong_value_is_one_line_with_name_and_expectation(name: str, value: str, expected: str) -> None:
    line = refusal(**{name: value})
    assert line.startswith(f"{name}=")
    assert expected in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("DATABASE_OWNER_URL", "DATABASE_URL"),
        ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"),
        ("UPSTASH_REDIS_REST_TOKEN", "UPSTASH_REDIS_REST_URL"),
    ],
)
def test_half_of_a_pair_names_the_other_half(given: str, missing: str) -> None:
    values = {
        "DATABASE_OWNER_URL": "postgresql://h/db",
        "UPSTASH_REDIS_REST_URL": "https://x.upstash.example",
        "UPSTASH_REDIS_REST_TOKEN": "t",
    }
    assert refusal(**{given: values[given]}) == f"{missing} is missing: expected it beside {given}"


def test_upstash_names_need_no_partner_where_redis_is_given() -> None:
    assert load({"REDIS_URL": "redis://h", "UPSTASH_REDIS_REST_URL": "https://x.example"})["REDIS_URL"] == "redis://h"


@pytest.mark.parametrize(
    "value",
    [
        "mysql://user:hunter2@host/db",
        "user:hunter2@host/db",
        "host=h user=u password=hunter2",
        "postgresql://user:x@hunter2@host/db",
        "postgresql://user:x/hunter2@host/db",
        "postgresql://user:x#hunter2@host/db",
        "postgresql://user:x?hunter2@host/db",
        "postgresql://user:hunter2@host:port/db",
    ],
)
def test_a_refused_url_does_not_show_its_password(value: str) -> None:
    line = refusal(DATABASE_URL=value)
    assert "hunter2" not in line
    assert "host" in line or "h user" in line


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("postgresql://h/db?user=u&password=hunter2&x=1", "postgresql://h/db?user=u&password=••••&x=1"),
        ("s3://key:hunter2@a,s3://key:hunter2@b", "s3://key:••••@a,s3://key:••••@b"),
        ("smtp://mail.example:25/?from=a@example.org", "smtp://mail.example:25/?from=a@example.org"),
        ("smtp://u:hunter2@mail.example/?from=a@b.example", "smtp://u:••••@mail.example/?from=a@b.example"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock?db=3", "unix:///run/redis.sock?db=3"),
    ],
)
def test_masking_leaves_what_a_person_needs(raw: str, shown: str) -> None:
    assert mask_url(raw) == shown


@pytest.mark.parametrize("text", ["x://" + "," * 20_000 + "[", "a" * 200_000, "a-" * 100_000, "password" * 20_000])
def test_masking_ends_over_hostile_text(text: str) -> None:
    # It is asked for every line of the log: a pattern that tries every split would not come back.
    assert mask_url(text) == text


def test_every_given_default_is_a_value_that_would_be_accepted() -> None:
    for variable in VARIABLES:
        if isinstance(variable.default, (str, int)) and not isinstance(variable.default, bool):
            assert variable.parse(str(variable.default)) == variable.default
