"""The tables of the page that are more than rows of a figure: cores, disks, endpoints, tasks, checks."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import formats
from core.charts import HeatRow, Mark, data_table, heat, lines, strip
from core.metrics import Line, Unit
from core.pages.parts import Link as To
from core.pages.parts import Moment, Tone
from monitoring.page.facts import Note, Trend
from monitoring.page.figures import known, ticks, written
from monitoring.page.queries import CheckRow, Overview
from monitoring.page.rows import Desk, Found, Limit, cores, tone_of
from monitoring.page.traffic import Done, Traffic
from monitoring.windows import Window

MOST_ENDPOINTS = 20
# A route that answered less often is not called slow.
LEAST = 20
MOST_TASKS = 15
MOST_MOUNTS = 24
MOST_ROWS = 64
SLOW_MS = (1000.0, 5000.0)
ERRORS_PCT = (0.1, 2.0)
FULL_PCT = (80.0, 90.0)
FULL_DAYS = (14.0, 3.0)

CHECK_NAMES = {
    "": gettext_lazy("All together"),
    "database": gettext_lazy("Database"),
    "redis": gettext_lazy("Redis"),
    "api": gettext_lazy("API"),
    "meta": gettext_lazy("Meta"),
    "google": gettext_lazy("Google"),
    "whatsapp": gettext_lazy("WhatsApp"),
}
ASKED = {
    "database": "SELECT 1",
    "redis": "PING",
    "api": "GET /api/health",
}
# Status of a check: (glyph, word).
STATUSES = {
    "ok": ("ok", gettext_lazy("ok")),
    "degraded": ("warning", gettext_lazy("degraded")),
    "down": ("critical", gettext_lazy("down")),
    "unknown": ("unknown", gettext_lazy("not known")),
    "not_configured": ("off", gettext_lazy("not configured")),
}
ICONS = {"deploy": "up", "backup": "backup", "alert": "bell", "note": "info"}


@dataclass(frozen=True)
class CheckLine:
    """A row of the table of checks."""

    name: object
    asked: str
    glyph: str
    word: object
    row: CheckRow
    beats: SafeString | None


def check_lines(rows: Sequence[CheckRow]) -> list[CheckLine]:
    return [_check_line(row) for row in rows]


def _check_line(row: CheckRow) -> CheckLine:
    glyph, word = STATUSES[row.check.status]
    name = CHECK_NAMES.get(row.check.name, row.check.name)
    beats = None
    if row.asked:
        seen = [beat for beat in row.beats if beat]
        bad = sum(beat not in ("ok", "maintenance") for beat in seen)
        takeaway = _("%(name)s: of %(all)s beats %(bad)s not well, %(gap)s not observed") % {
            "name": name,
            "all": len(row.beats),
            "bad": bad,
            "gap": len(row.beats) - len(seen),
        }
        beats = strip(row.beats, takeaway=takeaway, step=5, height=16, fluid=True)
    return CheckLine(name, ASKED.get(row.check.name, ""), glyph, word, row, beats)


@dataclass(frozen=True)
class Heat:
    """The strips of CPU: a row a core, or a host where several are shown."""

    chart: SafeString
    mean: SafeString
    table: SafeString
    title: str
    sub: str
    foot: str


def heat_of_cpu(desk: Desk) -> Heat:
    by_host = len(desk.hosts) > 1 and desk.found.host is None
    rows_of = list(desk.measured.lines("cpu_pct")) if by_host else cores(desk.measured.lines("cpu.core_pct"))
    rows_of = rows_of[:MOST_ROWS]
    label = "host" if by_host else "core"
    newest = {
        (one.host if by_host else one.labels.get("core", "")): one
        for one in desk.measured.newest.get("cpu_pct" if by_host else "cpu.core_pct", ())
    }
    rows = [_heat_row(line, line.labels.get(label, ""), newest.get(line.labels.get(label, ""))) for line in rows_of]
    if not rows:
        rows = [HeatRow("0", (None,) * max(1, desk.measured.grid.count), formats.DASH)]
    grid = desk.measured.grid
    chart = heat(
        rows,
        takeaway=_heat_takeaway(rows, by_host),
        low=0,
        high=100,
        ticks=ticks(grid.start, grid.step, grid.count),
        marks=marks(desk.found, grid.start, grid.start + grid.count * grid.step),
    )
    title = _("CPU by host") if by_host else _("CPU by core")
    return Heat(
        chart, _mean(desk), _heat_table(title, rows), title, _heat_sub(desk, len(rows_of), by_host), _gaps(desk)
    )


def _mean(desk: Desk) -> SafeString:
    """The mean of the cores, a line a host, the busiest in front."""
    of = sorted(desk.measured.lines("cpu_pct"), key=lambda line: -max(known(line.values), default=0.0))
    grid = desk.measured.grid
    highest = max((value for line in of for value in known(line.values)), default=None)
    return lines(
        [line.values for line in of[:MOST_ROWS]],
        takeaway=_("CPU, mean of the cores: at most %(top)s") % {"top": formats.percent(highest)},
        axis=lambda value: formats.percent(value, 0),
        ticks=ticks(grid.start, grid.step, grid.count),
        marks=marks(desk.found, grid.start, grid.start + grid.count * grid.step),
        height=96,
    )


def _heat_row(line: Line, label: str, newest: object) -> HeatRow:
    value = getattr(newest, "value", None)
    if value is None:
        value = next((one for one in reversed(line.values) if one is not None), None)
    end = formats.percent(value, 0)
    return HeatRow(label, line.values, end, bad=value is not None and value >= 95)


def _heat_takeaway(rows: Sequence[HeatRow], by_host: bool) -> str:
    seen = [(max(values), row.label) for row in rows if (values := known(row.values))]  # type: ignore[arg-type]
    if not seen:
        return _("CPU: nothing was measured in this window")
    top, label = max(seen)
    what = _("host %(name)s") if by_host else _("core %(name)s")
    return _("CPU: at most %(top)s, on %(where)s") % {"top": formats.percent(top, 0), "where": what % {"name": label}}


def _heat_table(title: str, rows: Sequence[HeatRow]) -> SafeString:
    body = []
    for row in rows:
        values = known(row.values)  # type: ignore[arg-type]
        mean = sum(values) / len(values) if values else None
        body.append([row.label, row.end, formats.percent(mean, 1), formats.percent(max(values, default=None), 1)])
    return data_table(title, ["", _("Now"), _("Mean"), _("Highest")], body)


def _heat_sub(desk: Desk, many: int, by_host: bool) -> str:
    if by_host:
        return ngettext("%(n)s host", "%(n)s hosts", many) % {"n": many}
    host = desk.found.host or (desk.hosts[0] if desk.hosts else "")
    return f"{host}, " * bool(host) + ngettext("%(n)s core", "%(n)s cores", many) % {"n": many}


def _gaps(desk: Desk) -> str:
    """The longest stretch of the window in which no host was measured, in words; of what was never measured, none."""
    values = desk.figure("cpu_pct").values
    begun = next((place for place, value in enumerate(values) if value is not None), None)
    if begun is None:
        return ""
    longest, start = (0, 0), None
    for place, value in enumerate([*values[begun:-1], 0.0], begun):
        if value is None and start is None:
            start = place
        elif value is not None and start is not None:
            longest, start = max(longest, (place - start, start)), None
    if longest[0] == 0:
        return ""
    grid = desk.measured.grid
    first, last = grid.times[longest[1]], grid.times[longest[1]] + longest[0] * grid.step
    return _("%(start)s to %(end)s: nothing was observed.") % {"start": formats.when(first), "end": formats.when(last)}


def marks(found: Overview, start: dt.datetime, end: dt.datetime) -> list[Mark]:
    """The annotations of the window, on an axis from `start` to `end`."""
    return [
        Mark(100 * ((note.at - start) / (end - start)), f"{formats.when(note.at)} {note}", note.bad)
        for note in (found.facts.notes if found.facts else ())
        if start <= note.at <= end
    ]


def moments(notes: Sequence[Note]) -> list[Moment]:
    return [
        Moment(
            note.at,
            str(note),
            ICONS.get(note.kind, "info"),
            Tone.CRITICAL if note.bad else Tone.PLAIN,
            To(_("Open"), note.link) if note.link else None,
        )
        for note in notes
    ]


@dataclass(frozen=True)
class Mount:
    """A file system: space, and how long it lasts. `days` None where `until` says why there is no number."""

    name: str
    href: str
    chart: SafeString
    used: str
    free: str
    until: str
    tone: str
    days: float | None
    state: str = ""


def mounts(desk: Desk) -> list[Mount]:
    found = [_mount(desk, *key) for key in desk.keys("disk.used_pct", "mount")]
    worst = sorted(found, key=lambda one: (one.tone == "", one.tone == "warning"))
    return worst[:MOST_MOUNTS]


def _mount(desk: Desk, host: str, mount: str) -> Mount:
    where = {"mount": mount} | ({"host": host} if host else {})
    free, total = desk.figure("disk.free_bytes", where=where).value, desk.figure("disk.total_bytes", where=where).value
    trends = desk.found.facts.trends if desk.found.facts else {}
    days, until = lasts(trends.get((host, mount)), free)
    row = desk.row("disk.used_pct", desk.named(host, mount), limit=FULL_PCT, where=where)
    soon = tone_of(-days, (-FULL_DAYS[0], -FULL_DAYS[1])) if days is not None else ""
    tone = "critical" if "critical" in (row.tone, soon) else row.tone or soon
    space = _("%(free)s of %(total)s") % {"free": formats.size(free), "total": formats.size(total)}
    return Mount(str(row.label), row.href, row.chart, row.value, space, until, tone, days, row.state)


def lasts(trend: Trend | None, free: float | None) -> tuple[float | None, str]:
    """Days until a file system is full at the pace of the last days, and the words for it."""
    if trend is None or free is None:
        return None, _("too little is known yet")
    a_day = trend.per_hour * 24
    if a_day < -1024 * 1024:
        return None, _("shrinking")
    if a_day <= 0 or free / a_day > 365:
        return None, _("not within a year")
    days = free / a_day
    if days < 1:
        return days, _("today")
    return days, ngettext("in %(n)s day", "in %(n)s days", int(days)) % {"n": formats.number(int(days))}


@dataclass(frozen=True)
class Device:
    """A disk: what is read and written, how long an operation takes, how busy it is."""

    name: str
    href: str
    chart: SafeString
    read: str
    written: str
    latency: str
    busy: str
    tone: str


def devices(desk: Desk) -> list[Device]:
    return [_device(desk, *key) for key in desk.keys("disk.busy_pct", "device")[:MOST_MOUNTS]]


def _device(desk: Desk, host: str, device: str) -> Device:
    where = {"device": device} | ({"host": host} if host else {})
    read, wrote = (desk.figure(f"disk.{way}_bytes", where=where) for way in ("read", "write"))
    latency = [desk.figure(f"disk.{way}_latency_ms", where=where).value for way in ("read", "write")]
    busy = desk.row("disk.busy_pct", desk.named(host, device), limit=(80, 98), where=where)
    both = tuple(
        None if a is None and b is None else (a or 0) + (b or 0) for a, b in zip(read.values, wrote.values, strict=True)
    )
    flow = desk.row("disk.write_bytes", busy.label, figure=Found(both, wrote.value), where=where)
    rate = Unit.BYTES_PER_SECOND
    return Device(
        str(busy.label),
        flow.href,
        flow.chart,
        written(read.value, rate),
        written(wrote.value, rate),
        " / ".join(formats.milliseconds(one) for one in latency)
        if any(one is not None for one in latency)
        else formats.DASH,
        busy.value,
        busy.tone,
    )


@dataclass(frozen=True)
class Endpoint:
    """A row of the table of endpoints. `bar` is the share of a bar on a logarithmic scale from 1 ms to 10 s."""

    method: str
    name: str
    href: str
    done: Done
    bar: float
    tone: str

    @property
    def per_minute(self) -> float | None:
        return None if self.done.figures.per_s is None else self.done.figures.per_s * 60


def endpoints(traffic: Traffic, window: Window, most: int = MOST_ENDPOINTS) -> list[Endpoint]:
    return [_endpoint(one, window, SLOW_MS) for one in traffic.endpoints[:most]]


def tasks(traffic: Traffic, window: Window) -> list[Endpoint]:
    """A task may take long; that it fails is what matters."""
    return [_endpoint(one, window, None) for one in traffic.tasks[:MOST_TASKS]]


def _endpoint(done: Done, window: Window, limit: Limit | None) -> Endpoint:
    p95 = done.figures.p95_ms or 0.0
    slow = tone_of(p95 if done.figures.count >= LEAST else None, limit)
    wrong = tone_of(done.figures.error_pct, ERRORS_PCT) if done.figures.errors else ""
    tone = "critical" if "critical" in (slow, wrong) else slow or wrong
    bar = min(1.0, max(0.02, math.log10(max(p95, 1.0)) / 4))
    query = {"method": done.method, "route": done.name, **window.params}
    href = f"{reverse('endpoint')}?{urlencode(query)}" if limit else ""
    return Endpoint(done.method, done.name, href, done, bar, tone)
