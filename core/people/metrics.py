# ruff: noqa: S608  (every piece of the statements is written here; values are parameters)
"""Figures of people: who was active, and failed log-ins. Registers them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit.signals import pseudonym
from core.metrics import Kind, Metric, Point, Reading, State, Unit, Where, register

MONTH = dt.timedelta(days=30)
DAY = dt.timedelta(days=1)

# Of one agency are the people who hold a role in it; people of the whole group count for the group alone.
_PEOPLE = "AND a.user_id IN (SELECT user_id FROM core_rolegrant WHERE agency_id = ANY (%(agencies)s))"
ACTIVE = "a.last_at > %(at)s - %(month)s AND a.first_at <= %(at)s"
FAILED = "e.action = 'login_failed' AND e.occurred_at > %(at)s - %(day)s AND e.occurred_at <= %(at)s"
_TRIED = "AND e.diff ->> 'tried' = ANY (%(tried)s)"


def tried_by(where: Where) -> list[str] | None:
    """How the trail writes the addresses of an agency's people; None for the whole group."""
    if where.agency_ids is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT email FROM core_user u JOIN core_rolegrant g ON g.user_id = u.id"
            " WHERE g.agency_id = ANY (%s)",
            [list(where.agency_ids)],
        )
        return [pseudonym(email) for (email,) in cursor.fetchall()]


def conditions(where: Where, at: dt.datetime, tried: list[str] | None) -> tuple[str, str, dict[str, Any]]:
    """What is asked of activity (`a`) and of events (`e`), with their parameters."""
    params = {"at": at, "month": MONTH, "day": DAY, "agencies": list(where.agency_ids or ()), "tried": tried}
    people = ACTIVE if where.agency_ids is None else f"{ACTIVE} {_PEOPLE}"
    failed = FAILED if tried is None else f"{FAILED} {_TRIED}"
    return people, failed, params


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """People seen in the last 30 x 24 h, and failed log-ins of the last 24 h. Null before anything was kept."""
    people, failed, params = conditions(where, as_of, None)
    group = where.agency_ids is None
    # Addresses stand in the trail as a keyed digest that only this process can make: those of an agency are
    # matched here.
    tried = (
        "NULL"
        if group
        else (
            f"(SELECT jsonb_object_agg(t.tried, t.n) FROM (SELECT coalesce(e.diff ->> 'tried', '') AS tried,"
            f" count(*) AS n FROM core_auditevent e WHERE {failed} GROUP BY 1) t)"
        )
    )
    emails = (
        "NULL"
        if group
        else (
            "(SELECT array_agg(DISTINCT email) FROM core_user u JOIN core_rolegrant g ON g.user_id = u.id"
            " WHERE g.agency_id = ANY (%(agencies)s))"
        )
    )
    failures = f"(SELECT count(*) FROM core_auditevent e WHERE {failed})" if group else "0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT (SELECT count(DISTINCT a.user_id) FROM core_useractivity a WHERE {people}),
                       EXISTS (SELECT FROM core_useractivity a
                                WHERE a.first_at <= %(at)s {"" if group else _PEOPLE}),
                       {failures}, {tried}, {emails},
                       EXISTS (SELECT FROM core_auditevent e WHERE e.occurred_at <= %(at)s)""",
            params,
        )
        active, seen, failed_count, by_address, addresses, audited = cursor.fetchone()
    if not group:
        counts = json.loads(by_address) if isinstance(by_address, str) else by_address or {}
        failed_count = sum(counts.get(pseudonym(address), 0) for address in addresses or ())
    found = {
        "active_users_30d": Decimal(active) if seen else None,
        "failed_logins_24h": Decimal(failed_count) if audited else None,
    }
    return {
        name: Reading(found[name], as_of, State.KNOWN if found[name] is not None else State.NO_DATA) for name in names
    }


def series(where: Where, name: str, first: dt.date, last: dt.date) -> list[Point]:
    """One point a day, as of its end; of today as of now."""
    now = timezone.now()
    days = [first + DAY * n for n in range((last - first).days + 1)]
    zone = ZoneInfo(where.zone)
    ends = [min(dt.datetime.combine(day + DAY, dt.time.min, zone).astimezone(dt.UTC), now) for day in days]
    tried = tried_by(where) if name == "failed_logins_24h" else None
    people, failed, params = conditions(where, now, tried)
    params["ends"] = ends
    if name == "active_users_30d":
        scope = "" if where.agency_ids is None else _PEOPLE
        value = f"(SELECT count(DISTINCT a.user_id) FROM core_useractivity a WHERE {people})"
        there = f"(SELECT min(a.first_at) FROM core_useractivity a WHERE true {scope})"
    else:
        value = f"(SELECT count(*) FROM core_auditevent e WHERE {failed})"
        there = "(SELECT min(e.occurred_at) FROM core_auditevent e)"
    value = value.replace("%(at)s", "d.at")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CASE WHEN d.at >= {there} THEN {value} END"
            " FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS d(at, n) ORDER BY d.n",
            params,
        )
        values = [row[0] for row in cursor.fetchall()]
    today = now.astimezone(zone).date()
    return [
        Point(day, None if value is None or day > today else Decimal(value))
        for day, value in zip(days, values, strict=True)
    ]


register(
    Metric(
        "active_users_30d",
        Unit.COUNT,
        Kind.GAUGE,
        _("Active users, 30 days"),
        _(
            "Distinct people who signed in or opened a page in the last 30 × 24 hours. Automatic refreshes and API"
            " tokens do not count. Of an agency: the people who hold a role in it."
        ),
        read,
        series,
        higher_is_better=True,
    ),
    Metric(
        "failed_logins_24h",
        Unit.COUNT,
        Kind.FLOW,
        _("Failed log-ins, 24 h"),
        _(
            "Failed log-ins of the last 24 hours in the audit trail. Of an agency: those that tried the address of"
            " one of its people."
        ),
        read,
        series,
        higher_is_better=False,
    ),
)


@dataclass(frozen=True)
class PersonSeen:
    """A person who was active: `last_at` is the last time in the window."""

    id: int
    name: str
    last_at: dt.datetime


@dataclass(frozen=True)
class FailedLogin:
    """A failed log-in. `tried` stands for the address, which the trail does not hold."""

    id: int
    at: dt.datetime
    tried: str
    ip: str


def people_seen(where: Where, at: dt.datetime, *, beyond: int = 0, limit: int = 50) -> list[PersonSeen]:
    """The people that `active_users_30d` counts, by id, those beyond an id."""
    people, _failed, params = conditions(where, at, None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT u.id, coalesce(nullif(u.name, ''), u.email), max(least(a.last_at, %(at)s))
                  FROM core_useractivity a JOIN core_user u ON u.id = a.user_id
                 WHERE u.id > %(beyond)s AND {people} GROUP BY u.id ORDER BY u.id LIMIT %(limit)s""",
            params | {"beyond": beyond, "limit": limit},
        )
        return [PersonSeen(*row) for row in cursor.fetchall()]


def failed_logins(
    where: Where, at: dt.datetime, *, beyond: tuple[dt.datetime, int] | None = None, limit: int = 50
) -> list[FailedLogin]:
    """The events that `failed_logins_24h` counts, newest first, those beyond (time, id)."""
    _people, failed, params = conditions(where, at, tried_by(where))
    after = "" if beyond is None else "AND (e.occurred_at, e.id) < (%(beyond_at)s, %(beyond_id)s)"
    if beyond is not None:
        params |= {"beyond_at": beyond[0], "beyond_id": beyond[1]}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT e.id, e.occurred_at, coalesce(e.diff ->> 'tried', ''), coalesce(host(e.ip), '')
                  FROM core_auditevent e WHERE {failed} {after}
                 ORDER BY e.occurred_at DESC, e.id DESC LIMIT %(limit)s""",
            params | {"limit": limit},
        )
        return [FailedLogin(*row) for row in cursor.fetchall()]
