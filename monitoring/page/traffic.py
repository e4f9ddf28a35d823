"""Endpoints and tasks of a window, in one query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from monitoring.requests import tiers
from monitoring.requests.counting import REQUEST, TASK
from monitoring.requests.queries import Figures, add_up, added_sql
from monitoring.requests.tiers import HISTOGRAM, Chosen, Cover, source

_BOTH = Chosen(" AND row.endpoint_id IN (SELECT id FROM monitoring_endpoint WHERE kind = ANY(%s))", ([REQUEST, TASK],))


@dataclass(frozen=True)
class Done:
    """What one endpoint or task did in the window."""

    method: str
    name: str
    figures: Figures


@dataclass(frozen=True)
class Traffic:
    """`endpoints` by p95, slowest first; `tasks` by how often they ran. `cover` is what was really counted."""

    cover: Cover
    endpoints: tuple[Done, ...]
    tasks: tuple[Done, ...]

    @property
    def requests(self) -> int:
        return sum(one.figures.count for one in self.endpoints)

    @property
    def errors(self) -> int:
        return sum(one.figures.errors for one in self.endpoints)


def traffic(start: dt.datetime, end: dt.datetime, rolled: dt.datetime | None, now: dt.datetime) -> Traffic:
    """One query; `rolled` is how far the roll-up came."""
    cover = tiers.cover(start, end, rolled, now)
    rows, parameters = source(cover.segments, _BOTH, HISTOGRAM)
    added = add_up(
        f"SELECT added.*, kind, method, route FROM ({added_sql(rows, 'endpoint_id')}) AS added"  # noqa: S608
        " JOIN monitoring_endpoint AS endpoint ON endpoint.id = added.key",
        parameters,
    )
    found: dict[str, list[Done]] = {REQUEST: [], TASK: []}
    for (kind, method, route), figures in zip(added.more, added.figures(cover.seconds), strict=True):
        found[kind].append(Done(method, route, figures))
    return Traffic(
        cover,
        tuple(sorted(found[REQUEST], key=lambda one: (-(one.figures.p95_ms or 0), one.name, one.method))),
        tuple(sorted(found[TASK], key=lambda one: (-one.figures.count, one.name))),
    )
