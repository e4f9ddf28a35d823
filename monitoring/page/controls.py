"""Window, host and the ways to move in time: all of them links, kept in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from core import formats
from core.pages.parts import Link
from monitoring import windows
from monitoring.page.figures import span
from monitoring.windows import LONGEST, SHORTEST, Window


@dataclass(frozen=True)
class Controls:
    """What stands above the charts. `kept` are the other parameters of the address, for the form."""

    presets: list[Link]
    hosts: list[Link]
    host: str
    moves: list[Link]
    window: Window
    kept: dict[str, str]
    words: str
    now_href: str


def controls(
    path: str,
    window: Window,
    host: str | None,
    hosts: Iterable[str],
    now: dt.datetime,
    kept: Mapping[str, str] | None = None,
    *,
    silent: Mapping[str, dt.datetime] | None = None,
) -> Controls:
    """`silent` are hosts whose collector has stopped, with their last sample."""
    others = dict(kept or {}) | ({"host": host} if host else {})
    return Controls(
        windows.links(window, path, others),
        _hosts(path, window, host, hosts, dict(kept or {}), silent or {}),
        host or "",
        _moves(path, window, others, now),
        window,
        others,
        span(window.start, window.end),
        "" if window.preset else f"{path}?{urlencode(others)}" if others else path,
    )


def _hosts(
    path: str,
    window: Window,
    host: str | None,
    hosts: Iterable[str],
    kept: dict[str, str],
    silent: Mapping[str, dt.datetime],
) -> list[Link]:
    names = sorted({*hosts, *([host] if host else [])})
    if len(names) < 2 and not host:
        return []
    base = {**kept, **window.params}

    def named(name: str) -> str:
        if name not in silent:
            return name
        return f"{name}: {_('No sample since %(when)s') % {'when': formats.when(silent[name])}}"

    return [
        Link(_("All hosts"), f"{path}?{urlencode(base)}", host is None),
        *(Link(named(name), f"{path}?{urlencode({**base, 'host': name})}", name == host) for name in names),
    ]


def _moves(path: str, window: Window, others: Mapping[str, str], now: dt.datetime) -> list[Link]:
    half = window.length / 2
    moves = [("left", _("Earlier"), window.start - half, window.end - half)]
    if window.end < now - SHORTEST:
        moves.append(("right", _("Later"), min(window.start + half, now - window.length), min(window.end + half, now)))
    if window.length / 2 >= SHORTEST * 2:
        moves.append(("plus", _("Zoom in"), window.start + half / 2, window.end - half / 2))
    if window.length * 2 <= LONGEST:
        end = min(window.end + half, now)
        moves.append(("minus", _("Zoom out"), end - window.length * 2, end))
    return [
        Link(label, f"{path}?{urlencode({**others, **Window(start, end, '', window.zone).params})}", icon=icon)
        for icon, label, start, end in moves
    ]
