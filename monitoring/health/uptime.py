"""Uptime and beats, from spans and declared maintenance.

uptime = time in which the checks said ok or degraded ÷ all time since the first check, less the time of a
declared maintenance in which they did not say so. Time that was not observed counts as down, and is told apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db import connection

from monitoring.health.outcomes import ALL, ESSENTIAL

UP = ("ok", "degraded")
WINDOWS = {
    "day": dt.timedelta(hours=24),
    "week": dt.timedelta(days=7),
    "month": dt.timedelta(days=30),
    "quarter": dt.timedelta(days=90),
}

type Beat = Literal["ok", "degraded", "down", "maintenance"] | None


def _excuses(name: str) -> str:
    """Whether a maintenance speaks of the check: one that names no part, or a part the product needs, excuses the
    whole as well."""
    return (
        f"(maintenance.components = '{{}}' OR {name} = ANY(maintenance.components)"
        f" OR ({name} = '' AND maintenance.components && %(essential)s::varchar[]))"
    )


def _seconds(ranges: str) -> str:
    """PostgreSQL has no length of a multirange."""
    length = "coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0)"
    return f"(SELECT {length} FROM unnest({ranges}) AS part)"  # noqa: S608


_UP, _DOWN = "coalesce(up, '{}')", "coalesce(down, '{}')"
_SHARES = f"""
WITH frames AS (
    SELECT wanted.name, wanted.label, tstzrange(greatest(wanted.start, first.at), wanted.finish) AS frame
      FROM unnest(%(names)s::text[], %(labels)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
           AS wanted (name, label, start, finish)
      JOIN LATERAL (SELECT min(since) AS at FROM monitoring_span WHERE monitoring_span.name = wanted.name) AS first
        ON first.at < wanted.finish
)
SELECT frames.name, label, lower(frame),
       {_seconds("tstzmultirange(frame)")}, {_seconds(_UP)}, {_seconds(f"{_DOWN} - excused")},
       {_seconds(f"tstzmultirange(frame) - {_UP} - {_DOWN} - excused")}
  FROM frames
 CROSS JOIN LATERAL (
       SELECT range_agg(tstzrange(since, until) * frame) FILTER (WHERE status = ANY(%(up)s)) AS up,
              range_agg(tstzrange(since, until) * frame) FILTER (WHERE status <> ALL(%(up)s)) AS down
         FROM monitoring_span
        WHERE monitoring_span.name = frames.name AND since < upper(frame) AND until > lower(frame)) AS spans
 CROSS JOIN LATERAL (
       SELECT coalesce(range_agg(tstzrange(starts_at, least(ends_at, ended_at)) * frame), '{{}}') AS excused
         FROM monitoring_maintenance AS maintenance
        WHERE starts_at < least(ends_at, ended_at)
          AND tstzrange(starts_at, least(ends_at, ended_at)) && frame AND {_excuses("frames.name")}) AS declared
"""  # noqa: S608  (nothing typed by anybody)


_STRETCHES = f"""
SELECT name, status, greatest(since, %(start)s), least(until, %(end)s),
       (SELECT min(since) FROM monitoring_span AS own WHERE own.name = span.name)
  FROM monitoring_span AS span WHERE since < %(end)s AND until > %(start)s
 UNION ALL
SELECT names.name, 'maintenance', greatest(starts_at, %(start)s), least(ends_at, ended_at, %(end)s), NULL
  FROM monitoring_maintenance AS maintenance
  JOIN (SELECT DISTINCT name FROM monitoring_span WHERE since < %(end)s AND until > %(start)s) AS names
    ON {_excuses("names.name")}
 WHERE starts_at < least(ends_at, ended_at, %(end)s) AND least(ends_at, ended_at) > %(start)s
"""  # noqa: S608


@dataclass(frozen=True)
class Share:
    """Seconds of a window by what was known of them. `since`: its start, or the first check when that is later.
    `excused_s`: inside a declared maintenance and not up."""

    since: dt.datetime
    total_s: Decimal
    up_s: Decimal
    down_s: Decimal
    unobserved_s: Decimal

    @property
    def excused_s(self) -> Decimal:
        return self.total_s - self.up_s - self.down_s - self.unobserved_s

    @property
    def percent(self) -> Decimal | None:
        """None when all of it was maintenance."""
        counted = self.total_s - self.excused_s
        return (100 * self.up_s / counted).quantize(Decimal("0.001")) if counted > 0 else None

    @property
    def unobserved_percent(self) -> Decimal:
        counted = self.total_s - self.excused_s
        return (100 * self.unobserved_s / counted).quantize(Decimal("0.001")) if counted > 0 else Decimal(0)


type Window = tuple[str, str, dt.datetime, dt.datetime]
"""Check, label, start, end."""


def shares(windows: Sequence[Window]) -> dict[tuple[str, str], Share]:
    """Each window's share by (check, label); without windows before the first check. One query."""
    if not windows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, _parameters(windows))
        return {(name, label): Share(*rest) for name, label, *rest in cursor.fetchall()}


def share_and_passing(window: Window, at: dt.datetime) -> tuple[Share | None, int, int]:
    """A window's share, how many checks were ok at `at`, and how many had a result then. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_SHARES} UNION ALL"  # noqa: S608
            " SELECT NULL, '', %(at)s, count(*) FILTER (WHERE status = 'ok'), count(*), 0, 0"
            "   FROM monitoring_span WHERE name <> '' AND since <= %(at)s AND until > %(at)s",
            {**_parameters([window]), "at": at},
        )
        share, passing, made = None, 0, 0
        for name, _label, since, *seconds in cursor.fetchall():
            if name is None:
                passing, made = int(seconds[0]), int(seconds[1])
            else:
                share = Share(since, *seconds)
        return share, passing, made


def _parameters(windows: Sequence[Window]) -> dict[str, Any]:
    names, labels, starts, ends = (list(column) for column in zip(*windows, strict=True))
    bounds = {"names": names, "labels": labels, "starts": starts, "ends": ends}
    return {**bounds, "up": list(UP), "essential": list(ESSENTIAL)}


def uptimes(names: Iterable[str], now: dt.datetime) -> dict[tuple[str, str], Share]:
    """Each check's uptime over each of `WINDOWS` until `now`. One query."""
    return shares([(name, label, now - length, now) for name in names for label, length in WINDOWS.items()])


@dataclass(frozen=True)
class _Stretch:
    name: str
    status: str
    since: dt.datetime
    until: dt.datetime


def beats(start: dt.datetime, end: dt.datetime, count: int) -> dict[str, tuple[Beat, ...]]:
    """Each check's worst status in each of `count` equal slots from `start` to `end`, oldest first. One query.

    A slot of which less than half was observed since the first check is None, unless something was down in it; time
    that a maintenance excuses is "maintenance" when nothing else was bad.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, {"start": start, "end": end, "essential": list(ESSENTIAL)})
        found: dict[str, list[_Stretch]] = {}
        firsts: dict[str, dt.datetime] = {}
        for name, status, since, until, first in cursor.fetchall():
            found.setdefault(name, []).append(_Stretch(name, status, since, until))
            if first is not None:
                firsts[name] = first
    return {name: _slots(stretches, start, end, count, firsts[name]) for name, stretches in found.items()}


def _slots(
    stretches: Sequence[_Stretch], start: dt.datetime, end: dt.datetime, count: int, first: dt.datetime
) -> tuple[Beat, ...]:
    step = (end - start).total_seconds() / count
    held = {status: [0.0] * count for status in (*UP, "down", "maintenance")}
    excused = [s for s in stretches if s.status == "maintenance"]
    for one in stretches:
        # What is not up inside a maintenance is the maintenance's.
        parts = [(one.since, one.until)] if one.status in (*UP, "maintenance") else _without(one, excused)
        for since, until in parts:
            a, b = (since - start).total_seconds(), (until - start).total_seconds()
            for index in range(max(0, int(a / step)), min(count - 1, int(b / step)) + 1):
                held[one.status if one.status in held else "down"][index] += max(
                    0.0, min(b, (index + 1) * step) - max(a, index * step)
                )
    begun = (first - start).total_seconds()
    return tuple(
        _beat({status: line[index] for status, line in held.items()}, step - max(0.0, min(step, begun - index * step)))
        for index in range(count)
    )


def _without(one: _Stretch, excused: Iterable[_Stretch]) -> list[tuple[dt.datetime, dt.datetime]]:
    parts = [(one.since, one.until)]
    for window in excused:
        parts = [
            piece
            for since, until in parts
            for piece in ((since, min(until, window.since)), (max(since, window.until), until))
            if piece[0] < piece[1]
        ]
    return parts


def _beat(seconds: dict[str, float], length: float) -> Beat:
    if seconds["down"] > 0:
        return "down"
    up = seconds["ok"] + seconds["degraded"]
    if up < length / 2 or up == 0:
        return "maintenance" if up + seconds["maintenance"] >= length / 2 and seconds["maintenance"] > 0 else None
    return "degraded" if seconds["degraded"] > 0 else "ok"


__all__ = ["ALL", "UP", "WINDOWS", "Beat", "Share", "beats", "shares", "uptimes"]
