"""GET /status and /status/feed: for everybody, from a copy that each process keeps for a few seconds."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
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
from monitoring.status import queries
from monitoring.status.queries import Component, PublicStatus, State, Written

logger = logging.getLogger(__name__)

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
    """The newest reading; whoever comes while it is made waits for it. Off is kept as well, so that asking for a
    page that is not there costs nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._written: Written | None = None
        self._status: PublicStatus | None = None

    def status(self) -> PublicStatus | None:
        """None when the page is off. Raises Gone."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._status = self._made()
                self._until = time.monotonic() + KEPT_S
            return self._status

    def _made(self) -> PublicStatus | None:
        now = timezone.now()
        try:
            self._written = queries.written(now)
        except Error as error:
            connection.close()
            if self._written is None:
                raise Gone from error
            logger.warning("the status page shows what was read before", extra={"error": str(error)})
        return queries.public_status(self._written, health.current(now), now) if self._written else None

    def forget(self) -> None:
        self._until, self._written = 0.0, None


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
