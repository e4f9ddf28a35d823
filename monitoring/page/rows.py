"""What the templates show: rows of a figure with its line, made from what was measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import formats
from core.charts import sparkline
from core.metrics import Line, Unit
from core.pages.parts import Text
from monitoring.page.figures import How, combined, known, together, unit_of, written
from monitoring.page.queries import Measured, Overview
from monitoring.store.reading import Newest

# A figure at or above the first is amber, at or above the second red.
type Limit = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """A figure: its line over the window, its value at the end of it, and what goes with it.

    `state`: "" fresh, "stale" with `age`, "unknown" when nothing was measured.
    """

    label: Text
    href: str
    chart: SafeString
    value: str
    note: str = ""
    tone: str = ""
    state: str = ""
    age: str = ""


@dataclass(frozen=True)
class Group:
    """Rows under one title."""

    id: str
    title: Text
    rows: Sequence[Row]
    sub: str = ""
    foot: str = ""


@dataclass(frozen=True)
class Found:
    """One figure before it is written: the newest values, and the line they belong to."""

    values: tuple[float | None, ...]
    value: float | None
    stale_since: dt.datetime | None = None
    worst: Newest | None = None
    many: int = 1


@dataclass
class Desk:
    """Makes rows for one window: knows what was measured, and when a value is old."""

    found: Overview
    measured: Measured
    at: dt.datetime = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.found.now if self.found.live else self.found.window.end

    def figure(self, metric: str, how: How = "worst", where: Mapping[str, str] | None = None) -> Found:
        """One figure over all series of a metric that have the labels of `where` ("host" among them)."""
        labels = where or {}
        lines = [one for one in self.measured.lines(metric) if _has(one.labels, labels)]
        newest = [one for one in self.measured.newest.get(metric, ()) if _has_newest(one, labels)]
        fresh = [one for one in newest if one.is_fresh(self.at)]
        values = combined(lines, how) if lines else (None,) * self.measured.grid.count
        used = fresh or newest
        value = together([one.value for one in used], how)
        worst = None
        if len(used) > 1 and how in ("worst", "least"):
            worst = (max if how == "worst" else min)(used, key=lambda one: one.value)
        if value is None and not self.found.live:
            value = next((one for one in reversed(values) if one is not None), None)
        stale = None
        if value is not None and not fresh and self.found.live:
            stale = max(one.at for one in newest)
        if value is None and self.found.live and known(values):
            # Older than a quarter of an hour, and in the window: the end of its step says when about.
            last = max(place for place, one in enumerate(values) if one is not None)
            value, stale = values[last], self.measured.grid.times[last]
        return Found(values, value, stale, worst, len(lines))

    def row(
        self,
        metric: str,
        label: Text,
        how: How = "worst",
        *,
        note: str = "",
        limit: Limit | None = None,
        below: Limit | None = None,
        tone: str | None = None,
        write: Callable[[float | None], str] | None = None,
        figure: Found | None = None,
        where: Mapping[str, str] | None = None,
    ) -> Row:
        """A row of a figure. `limit` and `below` colour what is at or beyond them, `tone` whatever it is."""
        one = figure or self.figure(metric, how, where)
        unit = unit_of(metric)
        text = (write or (lambda value: written(value, unit)))(one.value)
        tone = tone_of(one.value, limit, below) if tone is None else tone
        several = _worst(one) if "host" not in (where or {}) else ""
        return Row(
            label,
            self.link(metric, where),
            sparkline(
                one.values,
                takeaway=self._takeaway(label, one.values, text, unit),
                bad=tone == "critical",
                wide=True,
                height=20,
            ),
            text if one.value is not None else _("no data"),
            ", ".join(part for part in (note, several) if part),
            tone,
            "unknown" if one.value is None else "stale" if one.stale_since else "",
            formats.ago(one.stale_since, self.found.now) if one.stale_since else "",
        )

    def link(self, metric: str, where: Mapping[str, str] | None = None) -> str:
        """The page of a metric, in the same window."""
        query: list[tuple[str, str]] = [("metric", metric), *self.found.window.params.items()]
        labels = dict(where or {})
        host = labels.pop("host", None) or self.found.host
        if host:
            query.append(("host", host))
        query += [("label", f"{name}={value}") for name, value in labels.items()]
        return f"{reverse('metric')}?{urlencode(query)}"

    def _takeaway(self, label: Text, values: Sequence[float | None], now: str, unit: Unit | None) -> str:
        seen = known(values)
        if not seen:
            return _("%(label)s: nothing was measured in this window") % {"label": label}
        return _("%(label)s: %(now)s, between %(low)s and %(high)s in this window") % {
            "label": label,
            "now": now,
            "low": written(min(seen), unit),
            "high": written(max(seen), unit),
        }

    def keys(self, metric: str, label: str) -> list[tuple[str, str]]:
        """Host and value of a label, of each series of a metric that was measured in the window, in order."""
        found = {
            (line.labels.get("host", ""), line.labels.get(label, ""))
            for line in self.measured.lines(metric)
            if any(value is not None for value in line.values)
        }
        return sorted(found, key=lambda key: (key[0], _natural(key[1])))

    def named(self, host: str, text: str) -> str:
        """`text`, after its host when there are several."""
        return f"{host} {text}" if len(self.hosts) > 1 and self.found.host is None else text

    @property
    def hosts(self) -> list[str]:
        return sorted({line.labels["host"] for line in self.measured.lines("cpu_pct") if "host" in line.labels})


def tone_of(value: float | None, limit: Limit | None, below: Limit | None = None) -> str:
    if value is None:
        return ""
    if (limit and value >= limit[1]) or (below and value <= below[1]):
        return "critical"
    if (limit and value >= limit[0]) or (below and value <= below[0]):
        return "warning"
    return ""


def _worst(one: Found) -> str:
    if one.worst is None or not one.worst.host:
        return ""
    return _("worst of %(many)s: %(host)s") % {"many": one.many, "host": one.worst.host}


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def _has_newest(one: Newest, wanted: Mapping[str, str]) -> bool:
    return all((one.host if name == "host" else one.labels.get(name)) == value for name, value in wanted.items())


def _natural(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdigit() else (1 << 30, text)


def cores(lines: Iterable[Line]) -> list[Line]:
    """In order of their numbers."""
    return sorted(lines, key=lambda line: _natural(line.labels.get("core", "")))
