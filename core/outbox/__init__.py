"""The outbox: deliveries are claimed with a lease, tried outside any transaction, and tried again.

A claim is one UPDATE with SKIP LOCKED, so that any number of workers share the work. A lease that ran out
(its worker died) is claimed again: a handler may therefore see an event twice, never not at all.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from core.audit.context import Actor, acting
from core.logs import delivery_of_log, scrub

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=2)
MAX_ATTEMPTS = 12
FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 6 * 3600.0


@dataclass(frozen=True)
class Claim:
    delivery_id: int
    attempts: int
    handler: str
    event_id: str


def wake() -> None:
    """Asks a worker to look at the outbox now; when the queue is down, beat's sweep finds the rows."""
    from core.tasks import deliver_outbox

    try:
        deliver_outbox.delay()
    except Exception as error:  # noqa: BLE001  (any broker's error: the row is safe, only later)
        logger.warning("the outbox could not wake a worker, the sweep will do it", extra={"error": str(error)})


def claim(limit: int = 20, now: dt.datetime | None = None) -> list[Claim]:
    """Takes up to `limit` due deliveries for this worker until the lease ends."""
    now = now or timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        # A handler that takes its worker down each time never reaches `_finish`.
        cursor.execute(
            "UPDATE core_delivery SET status = 'dead', lease_until = NULL, finished_at = %s,"
            " last_error = 'no worker came back from the last try'"
            " WHERE id IN (SELECT id FROM core_delivery WHERE status = 'sending' AND lease_until < %s"
            "   AND attempts >= %s FOR UPDATE SKIP LOCKED)",
            [now, now, MAX_ATTEMPTS],
        )
        cursor.execute(
            "UPDATE core_delivery SET status = 'sending', lease_until = %s, attempts = attempts + 1"
            " WHERE id IN (SELECT id FROM core_delivery WHERE (status = 'queued' AND next_attempt_at <= %s)"
            "   OR (status = 'sending' AND lease_until < %s)"
            "   ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED)"
            " RETURNING id, attempts, handler, event_id",
            [now + LEASE, now, now, limit],
        )
        return [Claim(row[0], row[1], row[2], str(row[3])) for row in cursor.fetchall()]


def deliver(limit: int = 20) -> int:
    """Claims and tries due deliveries; returns how many were tried."""
    claims = claim(limit)
    for one in claims:
        _try(one)
    return len(claims)


def _try(one: Claim) -> None:
    from core.events import EventData, handler_named
    from core.events.models import Event

    event = Event.objects.get(pk=one.event_id)
    handler = handler_named(event.type, one.handler)
    started, clock, error = timezone.now(), time.monotonic(), ""
    token = delivery_of_log.set(event.type)
    if handler is None:
        error = f"no handler named {one.handler}: it was removed or renamed"
    else:
        data = EventData(event.pk, event.type, event.agency_id, event.occurred_at, event.actor_id, event.data)
        try:
            with acting(Actor("task", on_behalf_of=event.actor_id, request_id=event.request_id, reason=one.handler)):
                handler(data)
        except Exception as problem:  # noqa: BLE001  (a handler may fail in any way; the row keeps how)
            error = scrub(f"{type(problem).__name__}: {problem}")[:2000]
            logger.warning("delivery failed", extra={"handler": one.handler, "error": error})
    delivery_of_log.reset(token)
    _finish(one, started, int((time.monotonic() - clock) * 1000), error)


def _finish(one: Claim, started: dt.datetime, duration_ms: int, error: str) -> None:
    from core.outbox.models import Attempt, Delivery

    now = timezone.now()
    changes: dict[str, object] = {"lease_until": None, "last_error": error}
    if not error:
        changes |= {"status": Delivery.Status.DONE, "finished_at": now}
    elif one.attempts >= MAX_ATTEMPTS:
        changes |= {"status": Delivery.Status.DEAD, "finished_at": now}
    else:
        changes |= {"status": Delivery.Status.QUEUED, "next_attempt_at": now + backoff(one.attempts)}
    with transaction.atomic():
        Attempt.objects.create(
            delivery_id=one.delivery_id,
            started_at=started,
            duration_ms=duration_ms,
            succeeded=not error,
            detail=error,
        )
        # Not when the lease ran out meanwhile and another worker has it: its outcome is the newer one.
        Delivery.objects.filter(pk=one.delivery_id, status=Delivery.Status.SENDING, attempts=one.attempts).update(
            **changes
        )


def backoff(attempts: int) -> dt.timedelta:
    """Full jitter: a random time up to 5 s doubled per attempt, six hours at most."""
    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (attempts - 1))
    return dt.timedelta(seconds=random.uniform(1.0, max(1.0, longest)))  # noqa: S311
