"""/monitoring."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import formats
from core import metrics as registry
from core.charts import sparkline, strip
from core.metrics import State as Measured
from core.metrics import Unit
from core.pages import page
from core.pages.parts import Kind, State, Tile
from monitoring import queries
from monitoring.queries import CheckRow, Overview

_KINDS: dict[Unit, Kind] = {Unit.PERCENT: "percent", Unit.MILLISECONDS: "ms"}
_STATES = {Measured.STALE: State.STALE, Measured.NOT_AVAILABLE: State.UNAVAILABLE}
CHECK_NAMES = {
    "": gettext_lazy("All together"),
    "database": gettext_lazy("Database"),
    "redis": gettext_lazy("Redis"),
    "api": gettext_lazy("API"),
    "meta": gettext_lazy("Meta"),
    "google": gettext_lazy("Google"),
    "whatsapp": gettext_lazy("WhatsApp"),
}
# Status of a check: (glyph, word).
STATUSES = {
    "ok": ("ok", gettext_lazy("ok")),
    "degraded": ("warning", gettext_lazy("degraded")),
    "down": ("critical", gettext_lazy("down")),
    "unknown": ("unknown", gettext_lazy("not known")),
    "not_configured": ("off", gettext_lazy("not configured")),
}


@dataclass(frozen=True)
class CheckLine:
    """A row of the table of checks."""

    name: object
    glyph: str
    word: object
    row: CheckRow
    beats: SafeString | None


@require_safe
def monitoring(request: HttpRequest) -> HttpResponse:
    """GET /monitoring: health checks, the host, requests by route."""
    now = timezone.now()
    found = queries.overview(request.viewer, now)  # type: ignore[attr-defined]
    glyph, word = STATUSES[found.report.status]
    context = {
        "now": now,
        "glyph": glyph,
        "word": word,
        "checks": [_line(row) for row in found.checks],
        "tiles": _tiles(found, now),
        "routes": found.routes,
        "heartbeat": found.heartbeat,
    }
    return page(request, "monitoring/monitoring.html", context, "live")


def _line(row: CheckRow) -> CheckLine:
    glyph, word = STATUSES[row.check.status]
    name = CHECK_NAMES.get(row.check.name, row.check.name)
    beats = None
    if row.asked:
        seen = [beat for beat in row.beats if beat]
        bad = sum(beat != "ok" for beat in seen)
        takeaway = _("%(name)s, last 60 minutes: %(bad)s not well, %(gap)s not observed") % {
            "name": name,
            "bad": bad,
            "gap": len(row.beats) - len(seen),
        }
        beats = strip(row.beats, takeaway=takeaway, step=4)
    return CheckLine(name, glyph, word, row, beats)


def _tiles(found: Overview, now: dt.datetime) -> list[Tile]:
    tiles = []
    for name in queries.FIGURES:
        metric, reading = registry.get(name), found.figures[name]
        chart: str = ""
        if name in found.lines:
            chart = sparkline(
                found.lines[name],
                takeaway=_("%(label)s over the last 60 minutes") % {"label": metric.label},
                wide=True,
            )
        tiles.append(
            Tile(
                metric.label,
                reading.value,
                _KINDS.get(metric.unit, "number"),
                as_of=reading.as_of,
                age=now - reading.as_of if reading.state is Measured.STALE else None,
                state=_STATES.get(reading.state, State.NORMAL),
                places=metric.decimals if metric.unit is Unit.PERCENT else None,
                note=reading.note or ("" if reading.value is None else _peak(name, found)),
                chart=chart,
                shape="tall" if chart else "",
                id=name,
            )
        )
    return tiles


def _peak(name: str, found: Overview) -> str:
    values = [value for value in found.lines.get(name, ()) if value is not None]
    if not values:
        return ""
    kind = _KINDS.get(registry.get(name).unit, "number")
    top = formats.percent(max(values)) if kind == "percent" else formats.number(max(values), 0)
    return _("at most %(top)s") % {"top": top}
