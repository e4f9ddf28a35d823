"""The window of a page: `window=1h`, or `from=…&to=…`, kept in the address.

`parse` reads it, `Window.steps` divides it for a chart, `Window.before` is what it is compared with, and
`links` are the presets for a segmented control. Instants are aware and in UTC; what a person writes without
an offset is in the viewer's time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.pages.parts import Link

PRESETS: dict[str, tuple[dt.timedelta, str | Promise]] = {
    "15m": (dt.timedelta(minutes=15), gettext_lazy("15 min")),
    "1h": (dt.timedelta(hours=1), gettext_lazy("1 h")),
    "6h": (dt.timedelta(hours=6), gettext_lazy("6 h")),
    "24h": (dt.timedelta(hours=24), gettext_lazy("24 h")),
    "7d": (dt.timedelta(days=7), gettext_lazy("7 d")),
    "30d": (dt.timedelta(days=30), gettext_lazy("30 d")),
    "90d": (dt.timedelta(days=90), gettext_lazy("90 d")),
    "1y": (dt.timedelta(days=365), gettext_lazy("1 year")),
    "2y": (dt.timedelta(days=730), gettext_lazy("2 years")),
}
DEFAULT = "1h"
SHORTEST, LONGEST = dt.timedelta(minutes=1), dt.timedelta(days=730)
MOST_POINTS = 240
# Neighbours are at most 3.5 times apart, so that the finest step that fits gives more than 60 points.
_STEPS = (10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
EPOCH = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)
"""A Monday at midnight UTC: every step is counted from here, so that a week begins on Monday."""


class WindowError(ValueError):
    """The address asks for a window that there is not. `field` is the parameter, `allowed` what it may be."""

    for_people = True

    def __init__(self, field: str, message: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.field, self.message, self.allowed = field, message, allowed


@dataclass(frozen=True)
class Steps:
    """`count` steps of equal length that cover a window; the first and the last may reach beyond it."""

    first: dt.datetime
    step: dt.timedelta
    count: int

    @property
    def end(self) -> dt.datetime:
        return self.first + self.step * self.count

    @property
    def starts(self) -> list[dt.datetime]:
        return [self.first + self.step * number for number in range(self.count)]

    def place(self, at: dt.datetime) -> int | None:
        """The number of the step that holds `at`; None outside."""
        number = (at - self.first) // self.step
        return number if 0 <= number < self.count else None


@dataclass(frozen=True)
class Window:
    """From `start` (included) to `end` (not included). `preset` is empty for one that was chosen freely, which
    stands still; a preset ends now and moves."""

    start: dt.datetime
    end: dt.datetime
    preset: str
    zone: str

    @property
    def length(self) -> dt.timedelta:
        return self.end - self.start

    @property
    def before(self) -> Window:
        """The time of the same length that ends where this begins."""
        return Window(self.start - self.length, self.start, "", self.zone)

    @property
    def params(self) -> dict[str, str]:
        """The parameters of an address that lead here again."""
        if self.preset:
            return {"window": self.preset}
        return {"from": _utc(self.start), "to": _utc(self.end)}

    @property
    def local_from(self) -> str:
        """For an input of type datetime-local."""
        return self._local(self.start)

    @property
    def local_to(self) -> str:
        return self._local(self.end)

    def _local(self, at: dt.datetime) -> str:
        return at.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M")

    def steps(self, finest: dt.timedelta = dt.timedelta(seconds=10)) -> Steps:
        """Steps of at least `finest`, at most MOST_POINTS of them, and more than a quarter as many where
        `finest` allows. Borders are whole multiples of the step since EPOCH."""
        for seconds in _STEPS:
            step = dt.timedelta(seconds=seconds)
            if step >= finest and self.length <= step * MOST_POINTS:
                break
        return self.stepped(step)

    def stepped(self, step: dt.timedelta) -> Steps:
        first = floor(self.start, step)
        return Steps(first, step, -((first - self.end) // step))


def floor(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    """The last border of `step` that is not after `at`."""
    return EPOCH + (at - EPOCH) // step * step


def ceil(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    """The first border of `step` that is not before `at`."""
    return EPOCH - (EPOCH - at) // step * step


def parse(params: Mapping[str, str], zone: str, now: dt.datetime, default: str = DEFAULT) -> Window:
    """The window of an address. `from` and `to` win over `window`; `to` may be left out and is cut at `now`.

    They are RFC 3339, or a local date and time (`2026-11-24T09:30`), or a day, which counts whole. Raises
    WindowError.
    """
    start, end = params.get("from", "").strip(), params.get("to", "").strip()
    if start or end:
        return _custom(start, end, zone, now)
    name = params.get("window", "").strip() or default
    if name not in PRESETS:
        raise WindowError("window", _("There is no such window."), tuple(PRESETS))
    return Window(now - PRESETS[name][0], now, name, zone)


def _custom(start: str, end: str, zone: str, now: dt.datetime) -> Window:
    if not start:
        raise WindowError("from", _("A window with an end needs a beginning."))
    since = _instant("from", start, zone)
    until = min(_instant("to", end, zone, whole_day=True), now) if end else now
    if since >= now:
        raise WindowError("from", _("The beginning has not come yet."))
    if since >= until:
        raise WindowError("to", _("The end must be after the beginning."))
    if until - since < SHORTEST:
        since = until - SHORTEST
    if until - since > LONGEST:
        raise WindowError("from", _("A window is two years long at most."))
    return Window(since, until, "", zone)


def _instant(field: str, text: str, zone: str, *, whole_day: bool = False) -> dt.datetime:
    # An offset's plus arrives as a space where it was not escaped.
    head, space, offset = text.rpartition(" ")
    if space and len(offset) == 5 and offset[2] == ":" and "T" in head:
        text = f"{head}+{offset}"
    try:
        at = dt.datetime.fromisoformat(text)
        if len(text) == 10 and whole_day:
            at += dt.timedelta(days=1)
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise WindowError(field, _("Use a date and time such as 2026-11-24T09:30, or a day.")) from None


def _utc(at: dt.datetime) -> str:
    # To the second, outward for neither: a window of a link is the one that was seen.
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def links(window: Window, path: str, others: Mapping[str, str] | None = None) -> list[Link]:
    """The presets, each keeping the other parameters of the address."""
    return [
        Link(label, f"{path}?{urlencode({**(others or {}), 'window': name})}", name == window.preset)
        for name, (_length, label) in PRESETS.items()
    ]
