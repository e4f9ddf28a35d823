"""Events and their delivery: nothing rolled back is told, nothing committed is forgotten."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core import events, outbox, tasks
from core.audit.context import Actor, acting, current
from core.events import EventData, emit
from core.models import Agency, Attempt, Delivery, Event

pytestmark = pytest.mark.django_db
TYPE = "test.happened"


class Handler:
    """Keeps what it was given; fails as often as it is told."""

    def __init__(self) -> None:
        self.__module__, self.__qualname__ = "tests", "handler"
        self.seen: list[EventData] = []
        self.actors: list[Actor] = []
        self.failures = 0

    def __call__(self, event: EventData) -> None:
        self.seen.append(event)
        self.actors.append(current())
        if self.failures:
            self.failures -= 1
            raise ConnectionError("nobody at https://user:hunter2@hook.example")


@pytest.fixture
def handler() -> Iterator[Handler]:
    made = Handler()
    events.subscribe(TYPE)(made)
    yield made
    del events._handlers[TYPE]


def _emit() -> None:
    with transaction.atomic():
        emit(TYPE, data={"id": 1})


def _later(seconds: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=seconds)


def test_event_outside_a_transaction_is_a_mistake() -> None:
    class Bare:
        in_atomic_block = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "get_connection", lambda: Bare)
        with pytest.raises(RuntimeError, match="in the transaction"):
            emit(TYPE, data={})


def test_rolled_back_change_tells_nothing(handler: Handler) -> None:
    with pytest.raises(ValueError, match="no"), transaction.atomic():  # noqa: PT012
        emit(TYPE, data={})
        raise ValueError("no")
    assert not Event.objects.exists()
    assert outbox.deliver() == 0


def test_committed_change_is_delivered_once_by_the_wake_up(
    handler: Handler, agency: Agency, run_tasks: Callable[[], AbstractContextManager[None]]
) -> None:
    with acting(Actor("user", 7, request_id="request-7")), run_tasks(), transaction.atomic():
        emit(TYPE, data={"id": 5}, agency_id=agency.pk)
    (event,) = handler.seen
    assert (event.type, event.data, event.agency_id, event.actor_id) == (TYPE, {"id": 5}, agency.pk, 7)
    (actor,) = handler.actors
    assert (actor.kind, actor.on_behalf_of, actor.request_id) == ("task", 7, "request-7")
    assert tasks.sweep_outbox() == "0 delivered"
    assert Delivery.objects.get().status == "done"


def test_sweep_delivers_what_no_wake_up_did(handler: Handler) -> None:
    _emit()
    assert tasks.sweep_outbox() == "1 delivered"
    assert len(handler.seen) == 1


def test_queue_that_is_away_does_not_fail_the_change(
    handler: Handler,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    def refuse() -> None:
        raise ConnectionError("redis is away")

    monkeypatch.setattr(tasks.deliver_outbox, "delay", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        _emit()
    assert tasks.sweep_outbox() == "1 delivered"


def test_batch_is_quiet(handler: Handler) -> None:
    with events.quiet(), transaction.atomic():
        assert emit(TYPE, data={}) is None
    assert not Event.objects.exists()


def test_failure_is_tried_again_later_and_every_try_is_kept(handler: Handler) -> None:
    handler.failures = 1
    _emit()
    assert outbox.deliver() == 1
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("queued", 1)
    assert timezone.now() < delivery.next_attempt_at < _later(6)
    assert outbox.deliver() == 0
    (claim,) = outbox.claim(now=_later(10))
    outbox._try(claim)
    assert Delivery.objects.get().status == "done"
    assert list(Attempt.objects.order_by("id").values_list("succeeded", flat=True)) == [False, True]
    assert "hunter2" not in Attempt.objects.order_by("id").first().detail  # type: ignore[union-attr]


def test_delivery_that_always_fails_is_dead_after_the_last_try(handler: Handler) -> None:
    handler.failures = 99
    _emit()
    now = timezone.now()
    for _number in range(outbox.MAX_ATTEMPTS):
        now += dt.timedelta(days=1)
        for claim in outbox.claim(now=now):
            outbox._try(claim)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("dead", outbox.MAX_ATTEMPTS)
    assert Attempt.objects.count() == outbox.MAX_ATTEMPTS
    assert outbox.claim(now=now + dt.timedelta(days=9)) == []


def test_waits_grow_and_are_bounded() -> None:
    waits = [max(outbox.backoff(n).total_seconds() for _ in range(200)) for n in (1, 4, 12, 40)]
    assert waits == sorted(waits)
    assert waits[0] <= 5
    assert waits[-1] <= outbox.LONGEST_DELAY_S


def test_worker_that_was_killed_gives_its_delivery_back_when_the_lease_ends(handler: Handler) -> None:
    _emit()
    (claim,) = outbox.claim()
    assert outbox.claim() == []
    (again,) = outbox.claim(now=_later(outbox.LEASE.total_seconds() + 1))
    assert (again.delivery_id, again.attempts) == (claim.delivery_id, 2)


def test_worker_that_comes_back_late_does_not_undo_the_others_success(handler: Handler) -> None:
    _emit()
    (slow,) = outbox.claim()
    (quick,) = outbox.claim(now=_later(outbox.LEASE.total_seconds() + 1))
    outbox._try(quick)
    handler.failures = 1
    outbox._try(slow)
    assert Delivery.objects.get().status == "done"


def test_handler_that_kills_its_worker_each_time_ends_dead(handler: Handler) -> None:
    """A lease that only ever runs out must end too."""
    _emit()
    now = timezone.now()
    for _number in range(outbox.MAX_ATTEMPTS + 3):
        outbox.claim(now=now)
        now += outbox.LEASE + dt.timedelta(seconds=1)
    assert Delivery.objects.get().status == "dead"


def test_handler_that_was_removed_says_so(handler: Handler) -> None:
    _emit()
    Delivery.objects.update(handler="tests.gone")
    outbox.deliver()
    assert "no handler named tests.gone" in Delivery.objects.get().last_error


@pytest.mark.django_db(transaction=True)
def test_workers_share_the_work_and_none_is_done_twice(handler: Handler) -> None:
    with transaction.atomic():
        for number in range(60):
            emit(TYPE, data={"id": number})
    together = threading.Barrier(3, timeout=20)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            together.wait()
            while outbox.deliver(5):
                pass
        except BaseException as error:  # noqa: BLE001  (shown by the test)
            problems.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert problems == []
    assert sorted(event.data["id"] for event in handler.seen) == list(range(60))
    assert Attempt.objects.count() == 60
