"""GET /status and /status/feed: for everybody, from a copy that each process keeps for a few seconds."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.charts import strip
from core.pages import page
from core.pages.errors import unavailable
from monitoring import health
from monitoring.health.report import Reader
from monitoring.status import queries
from monitoring.status.queries import Component, PublicStatus, State, Written

KEPT_S = 10
# State: (glyph, word of a component, the page's headline).
STATES = {
    State.OK: ("ok", gettext_lazy("works"), gettext_lazy("Everything works")),
    State.MAINTENANCE: ("info", gettext_lazy("in maintenance"), gettext_lazy("Maintenance is under way")),
    State.DEGRADED: ("warning", gettext_lazy("works with difficulty"), gettext_lazy("Some parts have difficulty")),
    State.DOWN: ("critical", gettext_lazy("does not work"), gettext_lazy("There is an outage")),
    State.UNKNOWN: ("unknown", gettext_lazy("not known"), gettext_lazy("The state is not known right now")),
}


class Gone(Exception):
    """The database is away, and this process has never seen the page."""


class Copy:
    """The newest reading. One caller makes the next one while the others are shown the last. Off is kept as well,
    so that asking for a page that is not there costs nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: float | None = None
        self._written: Written | None = None
        self._status: PublicStatus | None = None

    def status(self) -> PublicStatus | None:
        """None when the page is off. Raises Gone."""
        if self._until is not None and time.monotonic() < self._until:
            return self._status
        if not self._lock.acquire(blocking=self._until is None):
            return self._status
        try:
            if self._until is None or time.monotonic() >= self._until:
                self._status = self._made()
                self._until = time.monotonic() + KEPT_S
            return self._status
        finally:
            self._lock.release()

    def _made(self) -> PublicStatus | None:
        now = timezone.now()
        # In a thread that is waited for two seconds: a database that hangs must not hang the page.
        read = reader.read(lambda: (queries.written(now),))
        if read is not None:
            (self._written,) = read
        elif self._written is None:
            raise Gone
        return queries.public_status(self._written, health.current(now), now) if self._written else None

    def forget(self) -> None:
        self._until = self._written = None


reader = Reader()
copy = Copy()


@dataclass(frozen=True)
class Line:
    """A component as the page draws it."""

    component: Component
    glyph: str
    word: object
    beats: str


@login_not_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """GET /status. 404 while an admin has not switched it on."""
    try:
        found = _found()
    except Gone:
        return unavailable(request)
    glyph, _word, headline = STATES[found.state]
    context = {
        "status": found,
        "glyph": glyph,
        "headline": headline,
        "lines": [_line(one) for one in found.components],
        "days": queries.DAYS,
        "past_days": queries.PAST_DAYS,
    }
    response = page(request, "monitoring/status/public.html", context, "live")
    response.headers["Cache-Control"] = f"private, max-age={KEPT_S}"
    return response


def _found() -> PublicStatus:
    found = copy.status()
    if found is None:
        raise Http404
    return found


def _line(one: Component) -> Line:
    glyph, word, _headline = STATES[one.state]
    bad = sum(beat in ("down", "degraded") for beat in one.beats)
    unseen = sum(beat is None for beat in one.beats)
    takeaway = _("%(name)s, %(days)s days: %(bad)s with trouble, %(unseen)s not observed") % {
        "name": one.label,
        "days": len(one.beats),
        "bad": bad,
        "unseen": unseen,
    }
    return Line(one, glyph, word, strip(one.beats, takeaway=takeaway, fluid=True, height=28))


@login_not_required
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """GET /status/feed: an Atom entry for each update of an incident, newest first."""
    try:
        found = _found()
    except Gone:
        return unavailable(request)
    address = f"{settings.PUBLIC_URL}{reverse('status')}"
    made = Atom1Feed(
        title=_("Status of FVStudios Dashboard"),
        link=address,
        description="",
        feed_url=f"{settings.PUBLIC_URL}{reverse('status-feed')}",
        language=translation.get_language() or "pt-br",
    )
    updates = [
        (update, incident) for incident in (*found.open_incidents, *found.past_incidents) for update in incident.updates
    ]
    for update, incident in sorted(updates, key=lambda pair: pair[0].at, reverse=True)[: queries.MOST]:
        made.add_item(
            title=f"{incident.title}: {update.label}",
            link=f"{address}#incident-{incident.id}",
            description=update.body,
            unique_id=f"{address}#incident-{incident.id}-{update.at.astimezone(dt.UTC):%Y%m%dT%H%M%S%fZ}",
            updateddate=update.at,
            pubdate=update.at,
        )
    body = made.writeString("utf-8")
    headers = {"Cache-Control": f"private, max-age={KEPT_S}"}
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8", headers=headers)
