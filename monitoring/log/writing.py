"""Writes what a process kept: groups, their counts by hour, totals in slots of ten seconds, and entries.

One transaction, in one order of rows, so that processes wait for each other and never in a circle. Entries
are a ring: of each group and day the newest hundred, each written over the one a hundred before.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import socket
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, DataError, connection, transaction

from core.events import emit
from monitoring.log import reading
from monitoring.log.keeping import HOUR_S, KEPT_OF_A_GROUP, OVERFLOW, SLOT_S, Pending

logger = logging.getLogger(__name__)

# Events are for alerts: a flood of new groups is one trouble, and the metrics tell its size.
EVENTS_AN_HOUR: Final = 30
EVENTS: Final = ("log.group_opened", "log.group_regressed")
SEARCHED: Final = 10_000
_WORD = re.compile(r"[^\W_]+")

_GROUPS = """
INSERT INTO monitoring_loggroup AS kept (fingerprint, level, logger, exception, place, title, search, count, lost,
    first_seen, last_seen, state, changed_at, request_id, host, process)
SELECT fingerprint, level, logger, exception, place, title, business_lexemes(words), count, lost,
    first_seen, last_seen, 'open', first_seen, request_id, %s, %s
FROM jsonb_to_recordset(%s::jsonb) AS new (fingerprint text, level int, logger text, exception text, place text,
    title text, words text, count bigint, lost bigint, first_seen timestamptz, last_seen timestamptz, request_id text)
ORDER BY fingerprint
ON CONFLICT (fingerprint) DO UPDATE SET
    count = kept.count + excluded.count, lost = kept.lost + excluded.lost,
    first_seen = least(kept.first_seen, excluded.first_seen),
    last_seen = greatest(kept.last_seen, excluded.last_seen),
    state = CASE WHEN kept.state = 'resolved' AND excluded.last_seen > kept.changed_at THEN 'regressed'
                 ELSE kept.state END,
    changed_at = CASE WHEN kept.state = 'resolved' AND excluded.last_seen > kept.changed_at THEN excluded.last_seen
                      ELSE kept.changed_at END,
    title = CASE WHEN excluded.last_seen >= kept.last_seen THEN excluded.title ELSE kept.title END,
    search = CASE WHEN excluded.last_seen >= kept.last_seen THEN excluded.search ELSE kept.search END,
    request_id = CASE WHEN excluded.last_seen >= kept.last_seen AND excluded.request_id <> ''
                      THEN excluded.request_id ELSE kept.request_id END,
    host = excluded.host, process = excluded.process
RETURNING fingerprint, id, count, state, old.state
"""
_HOURS = """
INSERT INTO monitoring_loghour AS kept (group_id, hour, count)
SELECT group_id, hour, count FROM jsonb_to_recordset(%s::jsonb) AS new (group_id bigint, hour timestamptz, count bigint)
ORDER BY group_id, hour ON CONFLICT (group_id, hour) DO UPDATE SET count = kept.count + excluded.count
"""
_SLOTS = """
INSERT INTO monitoring_logslot AS kept (slot, level, count)
SELECT slot, level, count FROM jsonb_to_recordset(%s::jsonb) AS new (slot timestamptz, level int, count bigint)
ORDER BY slot, level ON CONFLICT (slot, level) DO UPDATE SET count = kept.count + excluded.count
"""
_COLUMNS = {
    "at": "timestamptz", "level": "int", "logger": "text", "message": "text", "traceback": "text", "extra": "jsonb",
    "request_id": "text", "task_id": "text", "task": "text", "actor": "text", "user_id": "bigint",
    "agency_id": "bigint", "method": "text", "route": "text",
}  # fmt: skip
_NAMES = ", ".join(_COLUMNS)
_ENTRIES = f"""
INSERT INTO monitoring_logentry AS kept (group_id, slot, day, {_NAMES}, host, process, pid, search)
SELECT group_id, slot, day, {_NAMES}, %s, %s, %s, business_lexemes(words)
FROM jsonb_to_recordset(%s::jsonb) AS new (group_id bigint, slot int, day timestamptz, words text,
    {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
ORDER BY group_id, day, slot
ON CONFLICT (group_id, slot, day) DO UPDATE SET id = nextval('monitoring_logentry_id_seq'),
    host = excluded.host, process = excluded.process, pid = excluded.pid, search = excluded.search,
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
"""  # noqa: S608


def host() -> str:
    """The name of this machine or container."""
    return socket.gethostname()[:100]


def process() -> str:
    """What kind of process this is: web, worker, beat, or the command's name."""
    line = " ".join(sys.argv)
    if "uvicorn" in line or "asgi" in line:
        return "web"
    if "celery" in line:
        return "beat" if " beat" in line else "worker"
    path = Path(sys.argv[0] if sys.argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.name
    return (sys.argv[1] if name == "manage.py" and len(sys.argv) > 1 else name)[:40]


def write(groups: Sequence[Pending], now: float) -> None:
    """Writes all of it or nothing; raises what the database raises. Words that the database refuses are left
    out for good: they would be refused each time."""
    try:
        _write(groups, now, entries=True)
    except DataError:
        _write(groups, now, entries=False)


def _write(groups: Sequence[Pending], now: float, *, entries: bool) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # A thread that hangs would keep all that comes after it in memory.
        cursor.execute("SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'")
        found = _write_groups(cursor, groups, words=entries)
        hours = [
            {"group_id": found[pending.key.fingerprint][0], "hour": _at(hour * HOUR_S), "count": count}
            for pending in groups
            for hour, count in pending.hours.items()
        ]
        cursor.execute(_HOURS, [json.dumps(hours)])
        cursor.execute(_SLOTS, [json.dumps(_slots(groups))])
        rows = list(_entries(groups, found)) if entries else []
        if rows:
            cursor.execute(_ENTRIES, [host(), process(), os.getpid(), json.dumps(rows)])
        try:
            with transaction.atomic():
                _tell(groups, found, now)
        except DatabaseError as error:
            # An event that cannot be told must not hold up the log; on stdout alone, as all of this thread.
            logger.warning("the log could not tell of its groups", extra={"error": str(error)})


def _write_groups(cursor: Any, groups: Sequence[Pending], *, words: bool) -> dict[str, tuple[int, int, str, str]]:
    """By fingerprint: id, count, state now, state before ("" when it is new)."""
    rows = []
    for pending in groups:
        key, newest = pending.key, pending.entries[-1] if pending.entries else None
        title = reading.title_of(newest, key) if newest and words else key.logger
        if key.place == OVERFLOW:
            title = f"{key.logger}: too many different messages, kept together"
        rows.append(
            {
                "fingerprint": key.fingerprint,
                "level": key.level,
                "logger": key.logger,
                "exception": key.exception,
                "place": key.place,
                "title": title,
                "words": searched(title, key.logger, key.exception, key.place),
                "count": pending.count,
                "lost": pending.lost if words else pending.lost + len(pending.entries),
                "first_seen": _at(pending.first),
                "last_seen": _at(pending.last),
                "request_id": newest.request_id if newest else "",
            }
        )
    cursor.execute(_GROUPS, [host(), process(), json.dumps(rows)])
    return {row[0]: (row[1], row[2], row[3], row[4] or "") for row in cursor.fetchall()}


def _slots(groups: Iterable[Pending]) -> list[dict[str, Any]]:
    totals: dict[tuple[int, int], int] = defaultdict(int)
    for pending in groups:
        for slot, count in pending.slots.items():
            totals[slot, pending.key.level] += count
    return [{"slot": _at(slot * SLOT_S), "level": level, "count": count} for (slot, level), count in totals.items()]


def _entries(groups: Sequence[Pending], found: dict[str, tuple[int, int, str, str]]) -> Iterable[dict[str, Any]]:
    for pending in groups:
        group_id, count = found[pending.key.fingerprint][:2]
        first = count - len(pending.entries)
        for number, entry in enumerate(pending.entries):
            message, trace = reading.message_of(entry), reading.traceback_of(entry)
            extra = reading.extra_of(entry)
            yield {
                "group_id": group_id,
                "slot": (first + number) % KEPT_OF_A_GROUP,
                "day": _at(entry.at)[:10] + "T00:00:00+00:00",
                "at": _at(entry.at),
                "level": pending.key.level,
                "logger": pending.key.logger,
                "message": message,
                "traceback": trace,
                "extra": extra,
                "request_id": entry.request_id,
                "task_id": entry.task_id,
                "task": entry.task,
                "actor": entry.actor,
                "user_id": entry.user_id,
                "agency_id": entry.agency_id,
                "method": entry.method,
                "route": entry.route,
                "words": searched(
                    message, pending.key.logger, entry.route, entry.task, entry.request_id, entry.task_id,
                    " ".join(str(value) for value in extra.values()), trace,
                ),
            }  # fmt: skip


def searched(*texts: str) -> str:
    """The words of these texts as they are indexed: a lexeme of PostgreSQL has less than 2 KiB."""
    words = (word[:60] for text in texts for word in _WORD.findall(text))
    return " ".join(dict.fromkeys(words))[:SEARCHED]


def _tell(groups: Sequence[Pending], found: dict[str, tuple[int, int, str, str]], now: float) -> None:
    """Events of new and regressed groups, in the same transaction; bounded, and none about its own delivery."""
    changed = []
    for pending in groups:
        group_id, _count, state, before = found[pending.key.fingerprint]
        if pending.quiet or not (not before or (state == "regressed" and before == "resolved")):
            continue
        changed.append((pending, group_id, EVENTS[1] if before else EVENTS[0]))
    if not changed:
        return
    from core.events.models import Event

    hour_ago = dt.datetime.fromtimestamp(now - HOUR_S, dt.UTC)
    left = EVENTS_AN_HOUR - Event.objects.filter(type__in=EVENTS, occurred_at__gt=hour_ago).count()
    for pending, group_id, type_ in changed[: max(0, left)]:
        key = pending.key
        emit(type_, data={"id": group_id, "level": key.level, "logger": key.logger, "exception": key.exception})


def _at(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
