"""What the pages of monitoring write: annotations, and the end of a custom metric."""

from __future__ import annotations

import datetime as dt
import json
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import record
from core.people.access import Area, Denied, Viewer
from monitoring.models import Annotation, Series
from monitoring.store import forget_series

LONGEST: Final = 200
# A pipeline reports what it did just now or will do in a moment; a year back is a mistake.
OLDEST: Final = dt.timedelta(days=730)
AHEAD: Final = dt.timedelta(minutes=5)
_BLOCKS: Final = ("monitoring_minuteblock", "monitoring_hourblock", "monitoring_dayblock")


class Refused(Exception):
    """A field cannot be taken."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class NoSuchMetric(LookupError):
    """No custom metric has this name."""


def annotate(
    kind: str,
    text: str,
    *,
    event: str = "",
    at: dt.datetime | None = None,
    link: str = "",
    key: str = "",
    bad: bool = False,
) -> bool:
    """Notes a moment; False when one of this kind and key is there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_annotation (at, kind, event, text, link, key, bad)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kind, key) WHERE key <> '' DO NOTHING",
            [at or timezone.now(), kind, event, text[:LONGEST], link[:500], key[:120], bad],
        )
        return bool(cursor.rowcount)


def annotate_by(
    viewer: Viewer, kind: str, text: str, at: dt.datetime | None, link: str, key: str, now: dt.datetime
) -> bool:
    """An annotation that somebody's pipeline sends. Raises Denied and Refused."""
    viewer.require(Area.MONITORING)
    if kind not in ("deploy", "note"):
        raise Refused("kind", _("A pipeline notes a deploy or a note."))
    if not text.strip():
        raise Refused("text", _("Say what happened."))
    if at is not None and not now - OLDEST <= at <= now + AHEAD:
        raise Refused("at", _("A moment is in the last two years."))
    if link and not (link.startswith("https://") or (link.startswith("/") and not link.startswith("//"))):
        raise Refused("link", _("A link is an https address, or a path of this installation."))
    with transaction.atomic():
        new = annotate(kind, " ".join(text.split()), at=at or now, link=link, key=key)
        if new:
            record("data_create", resource_type="annotation", resource_id=key, diff={"kind": kind})
    return new


def note_version(version: str, now: dt.datetime) -> bool:
    """Notes a deployment when another version runs than the last that was noted; False when it is the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Several processes start at once, with the same version.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitoring.version'))")
        last = Annotation.objects.filter(kind="deploy", event="started").order_by("-at", "-id").first()
        if last is not None and last.text == version:
            return False
        return annotate("deploy", version, event="started", at=now)


def delete_metric(viewer: Viewer, name: str) -> int:
    """Deletes a custom metric with all its series and history; returns how many series. Raises Denied, NoSuchMetric.

    Raw samples of it stay unread until their partition goes, within two days.
    """
    viewer.require(Area.MONITORING)
    if not viewer.is_global_admin:
        raise Denied(Area.MONITORING)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM monitoring_series WHERE custom AND metric = %s RETURNING id, labels::text", [name])
        rows = cursor.fetchall()
        if not rows:
            raise NoSuchMetric(name)
        ids = [pk for pk, _labels in rows]
        for table in _BLOCKS:
            cursor.execute(f"DELETE FROM {table} WHERE series_id = ANY(%s)", [ids])  # noqa: S608
        record("data_delete", resource_type="metric", resource_id=name, diff={"series": len(ids)})
        gone = [json.loads(labels) for _pk, labels in rows]
        transaction.on_commit(lambda: forget_series(name, gone))
    return len(rows)


def series_of(name: str) -> int:
    """How many series a custom metric has; 0 for no such metric."""
    return Series.objects.filter(custom=True, metric=name).count()
