"""Monthly partitions of the trail, made ahead by the owner's role."""

from __future__ import annotations

import datetime as dt

from django.db import connections
from django.utils import timezone

from core.audit import schema

AHEAD = 3


def ensure(alias: str = "owner", *, today: dt.date | None = None) -> list[str]:
    """Makes the partitions of this month and of the next three; returns the names of those made.

    A partition inherits the parent's privileges through it: the runtime role gets none of its own.
    """
    first = (today or timezone.now().date()).replace(day=1)
    made = []
    with connections[alias].cursor() as cursor:
        for _ in range(AHEAD + 1):
            following = (first + dt.timedelta(days=32)).replace(day=1)
            name = f"core_auditevent_{first:%Y_%m}"
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is None:
                # Rows of this month may already be in the default partition (a first start at the month's
                # end, or a beat that was down for months): they stay there, and the month with them.
                cursor.execute(
                    "SELECT EXISTS (SELECT FROM core_auditevent_default WHERE occurred_at >= %s AND occurred_at < %s)",
                    [f"{first}T00:00Z", f"{following}T00:00Z"],
                )
                if not cursor.fetchone()[0]:
                    cursor.execute(
                        f"CREATE TABLE {name} PARTITION OF core_auditevent"
                        f" FOR VALUES FROM ('{first}T00:00Z') TO ('{following}T00:00Z')"
                    )
                    cursor.execute(
                        "SELECT grantee FROM information_schema.role_table_grants"
                        " WHERE table_name = %s AND grantee <> current_user GROUP BY grantee",
                        [name],
                    )
                    for (grantee,) in cursor.fetchall():
                        cursor.execute(f'REVOKE ALL ON {name} FROM "{grantee}"')
                    # A trigger of the parent guards its rows, but not a partition that is truncated itself.
                    cursor.execute(schema.NO_TRUNCATE.format(table=name))
                    made.append(name)
            first = following
    return made
