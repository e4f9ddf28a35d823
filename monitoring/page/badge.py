"""The words beside "Monitoring" in the rail: what the checks say, read every few seconds at most."""

from __future__ import annotations

import datetime as dt
import threading

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.pages.parts import Badge, Tone
from core.people.access import Viewer
from monitoring import health
from monitoring.health import Report, Status

KEPT = dt.timedelta(seconds=5)

_lock = threading.Lock()
_held: tuple[dt.datetime, Report | None] | None = None


def badge(viewer: Viewer) -> Badge | None:
    """ "1 down", "2 degraded", "not known"; None while nothing was ever checked. One query every 5 s a process."""
    report = _report(timezone.now())
    if report is None:
        return None
    return words(report)


def words(report: Report) -> Badge:
    down = sum(one.status is Status.DOWN for one in report.checks)
    degraded = sum(one.status is Status.DEGRADED for one in report.checks)
    if down:
        return Badge(ngettext("%(n)s down", "%(n)s down", down) % {"n": down}, Tone.CRITICAL)
    if degraded:
        return Badge(ngettext("%(n)s degraded", "%(n)s degraded", degraded) % {"n": degraded}, Tone.WARNING)
    if report.status is Status.UNKNOWN:
        return Badge(_("not known"), Tone.WARNING)
    return Badge(_("all up"))


def remember(report: Report, now: dt.datetime) -> None:
    """Keeps what a page has just read."""
    global _held
    with _lock:
        _held = (now, report)


def forget() -> None:
    global _held
    with _lock:
        _held = None


def _report(now: dt.datetime) -> Report | None:
    global _held
    with _lock:
        held = _held
    if held is not None and now - held[0] < KEPT:
        return held[1]
    report = health.kept(now)
    with _lock:
        _held = (now, report)
    return report
