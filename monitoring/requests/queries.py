"""Endpoints and tasks over any window; for those who may see monitoring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from core.people.access import Area, Viewer
from monitoring.requests import histogram, tiers
from monitoring.requests.counting import REQUEST, TASK
from monitoring.requests.tiers import HISTOGRAM, SUMS, Cover, source

SHARES = (0.5, 0.95, 0.99)
MOST_ENDPOINTS = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What an endpoint did in a window of `seconds`. Durations are in ms, shares 0 to 100. `refused` are 4xx,
    `errors` 5xx."""

    count: int
    errors: int
    refused: int
    mean_ms: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float
    seconds: float

    @property
    def per_s(self) -> float | None:
        return self.count / self.seconds if self.seconds else None

    @property
    def error_pct(self) -> float:
        return 100 * self.errors / self.count

    @property
    def refused_pct(self) -> float:
        return 100 * self.refused / self.count


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint in the window, and in the one before (None: nothing was counted)."""

    id: int
    method: str
    route: str
    now: Figures
    before: Figures | None = None


@dataclass(frozen=True)
class Endpoints:
    """Endpoints with something counted, busiest first, and what was really counted. `cut`: there are more than
    MOST_ENDPOINTS, and the ones with the fewest requests are left out."""

    cover: Cover
    rows: tuple[EndpointRow, ...]
    cut: bool


@dataclass
class Added:
    """Rows added up in groups; the n-th of each belongs to the n-th of `keys`."""

    keys: list[Any]
    sums: list[list[int]]
    """Count, total µs, longest µs, errors, refused."""
    histograms: histogram.Counts
    more: list[list[Any]]
    """What the rows had besides."""

    def figures(self, seconds: float) -> list[Figures]:
        return [
            _figures(sums, shares, seconds)
            for sums, shares in zip(self.sums, histogram.quantiles(self.histograms, SHARES), strict=True)
        ]


def _figures(sums: Sequence[int], shares: Sequence[float | None], seconds: float) -> Figures:
    count, total_us, max_us, errors, refused = sums
    longest = max_us / 1000
    # The middle of a slot may be above the longest that is in it.
    p50, p95, p99 = (None if value is None else min(value, longest) for value in shares)
    return Figures(count, errors, refused, total_us / count / 1000, p50, p95, p99, longest, seconds)


def add_up(sql: str, parameters: Sequence[Any]) -> Added:
    """Adds up rows of (key, wide, five sums, packed slots, packed counts, …); a key comes once for each `wide`."""
    places: dict[Any, int] = {}
    sums: list[list[int]] = []
    packed, besides = [], []
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        for key, wide, count, total_us, max_us, errors, refused, slots, counts, *more in cursor.fetchall():
            place = places.setdefault(key, len(places))
            if place == len(sums):
                sums.append([count, total_us, max_us, errors, refused])
                besides.append(more)
            else:
                had = sums[place]
                had[0] += count
                had[1] += total_us
                had[2] = max(had[2], max_us)
                had[3] += errors
                had[4] += refused
            packed.append((place, wide, slots, counts))
    return Added(list(places), sums, histogram.unpack(len(places), packed), besides)


def added_sql(rows: str, key: str) -> str:
    """SQL for `add_up`: the rows of a `source` with HISTOGRAM, by this expression."""
    return (
        f"SELECT {key} AS key, wide, {SUMS}, string_agg(slots, '') AS slots, string_agg(counts, '') AS counts"  # noqa: S608
        f" FROM ({rows}) AS row GROUP BY key, wide"
    )


def endpoints(viewer: Viewer, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Endpoints:
    """Requests by route and method. Raises Denied. Three queries."""
    return _read(viewer, REQUEST, start, end, now)


def tasks(viewer: Viewer, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Endpoints:
    """Tasks by name: `errors` are failures, `refused` revoked ones. Raises Denied. Three queries."""
    return _read(viewer, TASK, start, end, now)


def endpoint_id(method: str, route: str, kind: str = REQUEST) -> int | None:
    """The id by which an endpoint is kept; None for one that was never counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM monitoring_endpoint WHERE kind = %s AND method = %s AND route = %s", [kind, method, route]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _read(viewer: Viewer, kind: str, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Endpoints:
    viewer.require(Area.MONITORING)
    rolled = tiers.rolled_until()
    cover = tiers.cover(start, end, rolled, now)
    # The same length before what was counted, so that nothing is in both.
    before = tiers.cover(cover.start - (end - start), cover.start, rolled, now)
    then = {row.id: row.now for row in rows(kind, before)}
    found = [replace(row, before=then.get(row.id)) for row in rows(kind, cover)]
    return Endpoints(cover, tuple(found[:MOST_ENDPOINTS]), len(found) > MOST_ENDPOINTS)


def rows(kind: str, cover: Cover) -> list[EndpointRow]:
    """Endpoints of a kind, busiest first, without the window before. One query."""
    sql, parameters = source(cover.segments, tiers.of_kind(kind), HISTOGRAM)
    added = add_up(
        f"SELECT added.*, method, route FROM ({added_sql(sql, 'endpoint_id')}) AS added"  # noqa: S608
        " JOIN monitoring_endpoint AS endpoint ON endpoint.id = added.key",
        parameters,
    )
    found = [
        EndpointRow(number, method, route, figures)
        for number, (method, route), figures in zip(added.keys, added.more, added.figures(cover.seconds), strict=True)
    ]
    return sorted(found, key=lambda row: (-row.now.count, row.route, row.method))
