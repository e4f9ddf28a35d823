"""Small facts of the page that would cost a query each, read in one: annotations, hosts, disks' past, calm."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.store.tables import floats, ints

HOUR: Final = dt.timedelta(hours=1)
# A host without a sample for so long is forgotten.
REMEMBERED: Final = dt.timedelta(days=7)
TREND: Final = dt.timedelta(days=8)
LEAST_TREND_H: Final = 24
MOST_NOTES: Final = 40

_SQL = """
(SELECT 'note', kind, event, text, link, bad::text, at, NULL::bytea, NULL::bytea
  FROM monitoring_annotation WHERE at >= %(start)s AND at < %(end)s ORDER BY at DESC, id DESC LIMIT %(most)s)
UNION ALL
SELECT 'host', host, NULL, NULL, NULL, NULL, coalesce(max(last_hour) + interval '1 hour', max(created_at)), NULL, NULL
  FROM monitoring_series WHERE host <> '' AND NOT custom GROUP BY host
UNION ALL
SELECT 'disk', series.id::text, series.host, series.labels::text, NULL, NULL, block.at, block.counts, block.sums
  FROM monitoring_series AS series JOIN monitoring_hourblock AS block ON block.series_id = series.id
 WHERE series.metric = 'disk.used_bytes' AND block.at >= %(trend)s AND block.at < %(end)s
   AND (%(host)s::text IS NULL OR series.host = %(host)s)
UNION ALL
SELECT 'calm', coalesce(max(until) FILTER (WHERE status IN ('down', 'degraded')), min(since))::text, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL
  FROM monitoring_span WHERE name <> ''
UNION ALL
SELECT 'rolled', NULL, NULL, NULL, NULL, NULL, until, NULL, NULL FROM monitoring_endpointroll
"""

_EVENTS: Final = {
    "backup.completed": gettext_lazy("Backup done"),
    "backup.failed": gettext_lazy("Backup failed"),
    "alert.firing": gettext_lazy("Alert fires"),
    "alert.resolved": gettext_lazy("Alert is over"),
}


@dataclass(frozen=True)
class Note:
    """An annotation in the window."""

    at: dt.datetime
    kind: str
    event: str
    text: str
    link: str
    bad: bool

    def __str__(self) -> str:
        """In the language of the moment."""
        words = str(_EVENTS.get(self.event) or "")
        if self.kind == "deploy":
            return _("Deployment: %(text)s") % {"text": self.text}
        return f"{words}: {self.text}" if words and self.text else words or self.text


@dataclass(frozen=True)
class Trend:
    """How a file system filled: bytes an hour, by a straight line through the hours of the last days."""

    per_hour: float
    hours: int


@dataclass(frozen=True)
class Facts:
    """`hosts`: the name and about when each was last seen. `trends` by host and mount; None: too little is known
    yet. `calm_since`: since when no check was down or degraded. `rolled`: how far requests are rolled up."""

    notes: tuple[Note, ...]
    hosts: Mapping[str, dt.datetime]
    trends: Mapping[tuple[str, str], Trend]
    calm_since: dt.datetime | None
    rolled: dt.datetime | None


def facts(start: dt.datetime, end: dt.datetime, host: str | None, now: dt.datetime) -> Facts:
    """One query."""
    parameters = {"start": start, "end": end, "host": host, "most": MOST_NOTES, "trend": end - TREND}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, parameters)
        rows = cursor.fetchall()
    by_kind: dict[str, list[Any]] = {"note": [], "host": [], "disk": [], "calm": [], "rolled": []}
    for kind, *rest in rows:
        by_kind[kind].append(rest)
    calm = next((row[0] for row in by_kind["calm"] if row[0]), None)
    return Facts(
        tuple(
            Note(at, kind, event, text, link, bad == "true") for kind, event, text, link, bad, at, *_ in by_kind["note"]
        ),
        {row[0]: row[5] for row in by_kind["host"] if now - row[5] <= REMEMBERED},
        _trends(by_kind["disk"]),
        dt.datetime.fromisoformat(calm) if calm else None,
        next((row[5] for row in by_kind["rolled"]), None),
    )


def _trends(rows: Iterable[Any]) -> dict[tuple[str, str], Trend]:
    days: dict[tuple[str, str], list[tuple[dt.datetime, Any, Any]]] = {}
    for _pk, host, labels, _x, _y, at, counts, sums in rows:
        days.setdefault((host, json.loads(labels).get("mount", "")), []).append((at, counts, sums))
    found = ((key, trend(blocks)) for key, blocks in days.items())
    return {key: line for key, line in found if line is not None}


def trend(blocks: Iterable[tuple[dt.datetime, Any, Any]]) -> Trend | None:
    """Least squares through the means of the hours of these days; None below LEAST_TREND_H hours apart."""
    hours: list[float] = []
    used: list[float] = []
    for at, counts, sums in blocks:
        many, total = ints([counts]), floats([sums])
        there = np.flatnonzero(many > 0)
        hours += (at.timestamp() / 3600 + there).tolist()
        used += (total[there] / many[there]).tolist()
    if len(hours) < LEAST_TREND_H // 2 or max(hours) - min(hours) < LEAST_TREND_H:
        return None
    x, y = np.array(hours), np.array(used)
    x -= x.mean()
    return Trend(float((x * (y - y.mean())).sum() / (x * x).sum()), len(hours))
