"""Charts of a series of requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import formats
from core.charts import HeatRow, area, data_table, heat, sparkline
from core.pages.parts import Kind, Tile
from monitoring.requests.histogram import BOUNDS_MS
from monitoring.requests.queries import Figures
from monitoring.requests.series import Series

# A cell narrower than that is not seen as one.
MOST_COLUMNS = 80
_OCTAVE = 8
_MOST_ROWS = 14


@dataclass(frozen=True)
class StatusRow:
    """Requests with one status, and how they went over time."""

    status: int
    count: int
    pct: float
    line: SafeString

    @property
    def tone(self) -> str:
        return "critical" if self.status >= 500 else ""


@dataclass(frozen=True)
class Moment:
    """A slow step, with the window that shows it alone."""

    start: dt.datetime
    end: dt.datetime
    figures: Figures


def ticks(series: Series, count: int | None = None, parts: int = 4) -> list[tuple[int, str]]:
    """Times at the borders of so many parts, with the day when the window is longer than one."""
    number = count or series.steps.count
    long = series.steps.end - series.steps.first > dt.timedelta(days=1)
    places = sorted({round(part * (number - 1) / parts) for part in range(parts + 1)})
    every = series.steps.count / number
    out = []
    for place in places:
        at = series.steps.first + series.steps.step * int(place * every)
        out.append((place, (formats.day(at) if series.steps.step >= dt.timedelta(days=1) else _short(at, long))))
    return out


def _short(at: dt.datetime, long: bool) -> str:
    return (
        formats.moment(at)[:5] + formats.NBSP + formats.clock(at)
        if long and formats.portuguese()
        else (formats.when(at, at + dt.timedelta(days=1)) if long else formats.clock(at))
    )


def values(series: Series, of: Callable[[Figures], float | None], nothing: float | None = None) -> list[float | None]:
    """One value a step. `nothing` is that of a step without requests; a step that is not counted yet is a gap."""
    out: list[float | None] = []
    for start, figures in zip(series.steps.starts, series.figures, strict=True):
        if start >= series.counted_until:
            break
        out.append(nothing if figures is None else of(figures))
    return out


def tiles(whole: Figures | None, series: Series) -> list[Tile]:
    """Traffic, percentiles and errors of the window, each with its line."""

    def tile(
        label: str,
        value: float | None,
        kind: Kind,
        line: list[float | None],
        places: int | None = None,
        note: str = "",
    ) -> Tile:
        chart = sparkline(line, takeaway=_("%(label)s over the window") % {"label": label}, wide=True)
        return Tile(label, value, kind, places=places, chart=chart, shape="tall", note=note)

    def of(read: Callable[[Figures], float | None]) -> float | None:
        return None if whole is None else read(whole)

    # Per second, since the last step is not over yet.
    traffic = values(series, lambda one: one.per_s, 0.0)
    note = _("%(n)s per second") % {"n": formats.number(whole.per_s, 2)} if whole else ""
    errors = values(series, lambda one: one.error_pct)
    return [
        tile(_("Requests"), of(lambda one: one.count), "number", traffic, note=note),
        tile(_("Errors (5xx)"), of(lambda one: one.error_pct), "percent", errors, 2),
        tile(_("p50"), of(lambda one: one.p50_ms), "ms", values(series, lambda one: one.p50_ms)),
        tile(_("p95"), of(lambda one: one.p95_ms), "ms", values(series, lambda one: one.p95_ms)),
        tile(_("p99"), of(lambda one: one.p99_ms), "ms", values(series, lambda one: one.p99_ms)),
    ]


def statuses(series: Series) -> list[StatusRow]:
    total = series.total
    shown = len(values(series, lambda one: 0.0))
    out = []
    for status, counts in series.statuses.items():
        takeaway = _("Requests with status %(status)s over the window") % {"status": status}
        line = sparkline(counts[:shown], takeaway=takeaway, bad=status >= 500, width=140, height=20)
        out.append(StatusRow(status, sum(counts), 100 * sum(counts) / total, line))
    return out


def percentiles(series: Series) -> SafeString:
    """p95 as a line, p50 dashed, and all of them as a table."""
    p95, p50 = values(series, lambda one: one.p95_ms), values(series, lambda one: one.p50_ms)
    known = [value for value in p95 if value is not None]
    takeaway = (
        _("p95 between %(low)s and %(high)s")
        % {"low": formats.milliseconds(min(known)), "high": formats.milliseconds(max(known))}
        if known
        else _("nothing was counted in this window")
    )
    chart = area(
        p95, ghost=p50, takeaway=takeaway, ticks=ticks(series), slots=series.steps.count, axis=formats.milliseconds
    )
    head = [_("From"), _("Requests"), _("p50"), _("p95"), _("p99"), _("5xx")]
    lines = [
        [
            formats.moment(start),
            formats.number(one.count),
            formats.milliseconds(one.p50_ms),
            formats.milliseconds(one.p95_ms),
            formats.milliseconds(one.p99_ms),
            formats.number(one.errors),
        ]
        for start, one in zip(series.steps.starts, series.figures, strict=True)
        if one
    ]
    return SafeString(chart + data_table(_("Percentiles over time"), head, lines[::-1], limit=240))


def heat_map(series: Series) -> SafeString:
    """Time × duration: each row is up to twice as long as the one below, as dark as the logarithm of how many."""
    known = len(values(series, lambda one: 0.0))
    merge = max(1, -(-known // MOST_COLUMNS))
    counts = series.histograms[:known]
    # Octaves end at 1 s and its halves and doubles: slot 160 is the last of its octave.
    octaves = np.add.reduceat(counts, _starts(), axis=1)
    columns = [octaves[place : place + merge].sum(axis=0) for place in range(0, known, merge)]
    seen = np.flatnonzero(counts.any(axis=0))
    if not len(seen):
        return SafeString("")
    starts = _starts()
    first, last = (int(np.searchsorted(starts, slot, "right")) - 1 for slot in (seen[0], seen[-1]))
    first = max(first, last - _MOST_ROWS + 1)
    rows = []
    for octave in range(last, first - 1, -1):
        bound = BOUNDS_MS[(starts[octave + 1] if octave + 1 < len(starts) else len(BOUNDS_MS)) - 1]
        line = [float(column[octave] if octave > first else column[: octave + 1].sum()) for column in columns]
        total = int(sum(line))
        rows.append(
            HeatRow(f"≤ {_bound(float(bound))}", [float(np.log1p(value)) for value in line], formats.compact(total))
        )
    takeaway = _("Most requests took %(low)s to %(high)s") % _middle(octaves.sum(axis=0), starts)
    return heat(
        rows,
        takeaway=takeaway,
        low=0.0,
        ticks=ticks(series, len(columns), 2),
    )


def _starts() -> list[int]:
    return [0, *range(1, len(BOUNDS_MS), _OCTAVE)]


def _bound(ms: float) -> str:
    return (
        f"{formats.number(ms, 0 if ms >= 10 else 2 if ms < 1 else 1)}{formats.NBSP}ms"
        if ms < 1000
        else (f"{formats.number(ms / 1000)}{formats.NBSP}s")
    )


def _middle(counts: np.ndarray, starts: Sequence[int]) -> dict[str, str]:
    """The borders of the octave with the most requests."""
    octave = int(counts.argmax())
    high = float(BOUNDS_MS[(starts[octave + 1] if octave + 1 < len(starts) else len(BOUNDS_MS)) - 1])
    return {"low": _bound(high / 2), "high": _bound(high)}


def slowest(series: Series, most: int = 8) -> list[Moment]:
    """The steps with the longest requests."""
    found = [
        Moment(start, start + series.steps.step, figures)
        for start, figures in zip(series.steps.starts, series.figures, strict=True)
        if figures
    ]
    return sorted(found, key=lambda one: -one.figures.max_ms)[:most]
