"""Rounds written and read back: single results for a week, spans for as long as uptime is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction

from monitoring.health.damping import FRESH, Row
from monitoring.health.outcomes import ALL, ESSENTIAL, Outcome, Status, overall


def keep(outcomes: Sequence[Outcome], at: dt.datetime) -> None:
    """Writes the results of a round made at `at`, now or a while ago, and paints them into the spans."""
    from monitoring.models import CheckResult

    with transaction.atomic(), connection.cursor() as cursor:
        # Two processes with a round each: one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitoring.health'))")
        CheckResult.objects.bulk_create(
            CheckResult(
                at=at,
                name=one.name,
                status=one.status.value,
                latency_ms=one.latency_ms,
                detail=one.detail,
                reason=one.reason,
                failures=min(one.failures, 32767),
            )
            for one in outcomes
        )
        _paint(ALL, overall(outcomes), at, _confirmed(outcomes))
        for one in outcomes:
            _paint(one.name, one.status, at, one.since)


def _confirmed(outcomes: Sequence[Outcome]) -> dt.datetime | None:
    """Since when everything is down, when this round confirms that."""
    begun = [one.since for one in outcomes if one.name in ESSENTIAL and one.status is Status.DOWN and one.since]
    return min(begun, default=None)


def _paint(name: str, status: Status, at: dt.datetime, since: dt.datetime | None) -> None:
    """The time from `at` (an outage's: from its first failure) until the result is stale has this status. Rounds
    that were written later than made never paint over what others observed meanwhile."""
    from monitoring.models import Span

    spans = Span.objects.filter(name=name)
    begin = min(since or at, at)
    before = spans.filter(since__lte=at).order_by("-since").first()
    if before is not None and before.until > at + FRESH:
        return
    following = spans.filter(since__gt=at).order_by("since").values_list("since", flat=True).first()
    end = min(at + FRESH, following) if following else at + FRESH
    if begin < at:
        spans.filter(since__gte=begin, since__lte=at).delete()
        before = spans.filter(since__lt=begin).order_by("-since").first()
    if before is not None and before.until >= begin:
        if before.status == status:
            Span.objects.filter(pk=before.pk).update(until=max(before.until, end))
            return
        if before.since == begin:
            before.delete()
        else:
            Span.objects.filter(pk=before.pk).update(until=begin)
    Span.objects.create(name=name, status=status.value, since=begin, until=end)


def newest(now: dt.datetime) -> dict[str, tuple[dt.datetime, Outcome]]:
    """The newest fresh result of each check, with its time. One query."""
    from monitoring.models import CheckResult

    rows = CheckResult.objects.filter(at__gt=now - FRESH, at__lte=now).order_by("name", "-at").distinct("name")
    return {
        row.name: (
            row.at,
            Outcome(row.name, Status(row.status), row.latency_ms, row.detail, row.reason, row.failures),
        )
        for row in rows
    }


def rows(now: dt.datetime) -> dict[str, Row]:
    """Failures in a row as they stood at the last rounds, for whoever goes on with them."""
    return {name: Row(one.failures, at, at) for name, (at, one) in newest(now).items() if one.failures}
