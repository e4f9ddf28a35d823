"""The system log keeps what goes wrong: from views, tasks, commands, bursts and outages, and nothing personal."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from celery import shared_task
from django.db import DataError, IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from core import events, outbox
from core.audit.context import Actor, acting
from core.models import Delivery, Event, User
from fvdash import urls as project
from monitoring.log import keeping, writing
from monitoring.log.handler import KeepingHandler
from monitoring.log.keeping import keeper
from monitoring.models import LogEntry, LogGroup, LogHour, LogSlot

pytestmark = pytest.mark.django_db
logger = logging.getLogger("tests.log")


def _broken(request: HttpRequest, pk: int) -> HttpResponse:
    secret = request.headers.get("X-Secret")  # noqa: F841  (a local, which must not be found)
    raise LookupError(f"no row {pk} for {request.GET['email']}")


def _unwell(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no", status=503)


class Urls:
    """Pages that only these tests have, before all others."""

    urlpatterns = [path("broken/<int:pk>", _broken), path("unwell", _unwell), *project.urlpatterns]
    handler400, handler403, handler404 = project.handler400, project.handler403, project.handler404
    handler500 = project.handler500


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    keeper.buffer.take()
    keeper.buffer.__init__()  # type: ignore[misc]
    yield
    keeper.buffer.take()


def _group() -> LogGroup:
    keeper.flush()
    return LogGroup.objects.get()


def _everything() -> str:
    """All text that the log keeps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(e)::text FROM monitoring_logentry e")
        entries = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT to_jsonb(g)::text FROM monitoring_loggroup g")
        return "\n".join([*entries, *(row[0] for row in cursor.fetchall())])


# ---- where it comes from ---------------------------------------------------------------------------
def test_view_that_raises_is_kept_with_its_request(
    settings: Any, client_as: Callable[[User], Client], admin: User
) -> None:
    settings.ROOT_URLCONF = Urls
    client = client_as(admin)
    client.raise_request_exception = False
    ids = {
        client.get(f"/broken/{pk}?email=ana@example.com", headers={"X-Secret": "hunter2"})["X-Request-ID"]
        for pk in (4711, 4712)
    }
    group = _group()
    assert (group.count, group.level, group.logger, group.exception) == (2, 40, "django.request", "LookupError")
    assert group.place == "tests/monitoring/test_log_keeping.py:_broken"
    assert group.title.startswith("LookupError: no row 4712")
    entries = list(LogEntry.objects.order_by("id"))
    assert {entry.request_id for entry in entries} == ids
    assert {(e.method, e.route, e.user_id, e.actor) for e in entries} == {("GET", "/broken/<int:pk>", admin.pk, "user")}
    assert "LookupError: no row" in entries[0].traceback
    assert "hunter2" not in _everything()
    assert "ana@" not in _everything()


def test_answer_of_503_without_an_exception_is_kept_once(settings: Any, client: Client, admin: User) -> None:
    settings.ROOT_URLCONF = Urls
    client.force_login(admin)
    answer = client.get("/unwell")
    group = _group()
    assert (group.count, group.title) == (1, "Service Unavailable: GET /unwell")
    entry = LogEntry.objects.get()
    assert (entry.request_id, entry.user_id) == (answer["X-Request-ID"], admin.pk)


def test_api_that_raises_is_one_group_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, admin: User, make_token: Callable[..., str]
) -> None:
    from monitoring.log import queries

    def fail(*args: object) -> None:
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(queries, "rows", fail)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/monitoring/log", headers={"Authorization": f"Bearer {make_token(admin)}"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert (_group().exception, _group().count) == ("ZeroDivisionError", 1)
    entry = LogEntry.objects.get()
    assert (entry.request_id, entry.route) == (answer["X-Request-ID"], "/api/monitoring/log")
    assert entry.actor == "token"


@shared_task(name="tests.failing")
def _failing(number: int, phone: str) -> None:
    raise ValueError(f"row {number}")


def test_task_that_fails_is_kept_with_its_id_and_without_its_arguments() -> None:
    from fvdash.celery import app

    before = app.conf.task_eager_propagates
    app.conf.task_eager_propagates = False
    try:
        ids = [_failing.apply((number, "+5511987654321")).id for number in (1, 2)]
    finally:
        app.conf.task_eager_propagates = before
    group = _group()
    assert (group.count, group.exception) == (2, "ValueError")
    assert group.title == "tests.failing: ValueError: row 2"
    entries = list(LogEntry.objects.order_by("id"))
    assert [entry.task_id for entry in entries] == ids
    assert {entry.task for entry in entries} == {"tests.failing"}
    assert "98765" not in _everything()


def test_line_says_who_and_in_which_request() -> None:
    with acting(Actor("task", 7, request_id="of-the-task")):
        logger.warning("here")
    keeper.flush()
    entry = LogEntry.objects.get()
    assert (entry.actor, entry.user_id, entry.request_id) == ("task", 7, "of-the-task")


def test_info_and_the_access_log_are_not_kept(client: Client) -> None:
    logger.info("nothing")
    logging.getLogger("fvdash.request").warning("GET / 500")
    assert len(keeper.buffer) == 0


# ---- groups ----------------------------------------------------------------------------------------
def _raise_in(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:
        logger.exception("caught")


def _first() -> None:
    raise ValueError("a")


def _second() -> None:
    raise ValueError("a")


def _other_kind() -> None:
    raise TypeError("a")


def _of_a_library() -> None:
    json.loads("{")


SAME: list[tuple[Callable[[], None], Callable[[], None], bool]] = [
    (lambda: logger.warning("row %s", 1), lambda: logger.warning("row %s", 2), True),
    (lambda: logger.warning("row 1"), lambda: logger.warning("row 22"), True),
    (lambda: logger.warning("row 1"), lambda: logger.warning("column 1"), False),
    (lambda: logger.warning("row %s", 1), lambda: logger.error("row %s", 1), False),
    (lambda: logger.warning("row %s", 1), lambda: logging.getLogger("tests.b").warning("row %s", 1), False),
    (lambda: logger.warning("no 'ana'"), lambda: logger.warning("no 'bia'"), True),
    (
        lambda: logger.warning("job 019352b8-8f4e-7c3a-9d2e-aaaaaaaaaaaa"),
        lambda: logger.warning("job 11111111-8f4e-7c3a-9d2e-bbbbbbbbbbbb"),
        True,
    ),
    (lambda: logger.warning("%s: %s", "late", 1), lambda: logger.warning("%s: %s", "late", 2), True),
    (lambda: logger.warning("%s: %s", "late", 1), lambda: logger.warning("%s: %s", "early", 1), False),
    (lambda: _raise_in(_first), lambda: _raise_in(_first), True),
    (lambda: _raise_in(_first), lambda: _raise_in(_second), False),
    (lambda: _raise_in(_first), lambda: _raise_in(_other_kind), False),
    (lambda: _raise_in(_of_a_library), lambda: _raise_in(_first), False),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_what_is_one_group(one: Callable[[], None], other: Callable[[], None], same: bool) -> None:
    one()
    other()
    keeper.flush()
    assert LogGroup.objects.count() == (1 if same else 2)


def test_group_counts_exactly_and_keeps_the_newest_hundred_of_a_day() -> None:
    for number in range(130):
        logger.warning("row %s", number)
    keeper.flush()
    for number in range(130, 160):
        logger.warning("row %s", number)
    group = _group()
    assert (group.count, group.lost) == (160, 0)
    kept = {entry.message for entry in LogEntry.objects.all()}
    assert kept == {f"row {number}" for number in range(60, 160)}
    assert sum(LogHour.objects.values_list("count", flat=True)) == 160
    assert sum(LogSlot.objects.filter(level=30).values_list("count", flat=True)) == 160
    assert group.title == "row 159"


def test_resolved_group_that_comes_again_is_regressed_and_an_old_line_does_not_count() -> None:
    logger.error("row %s", 1)
    group = _group()
    LogGroup.objects.update(state="resolved", changed_at=group.last_seen)
    record = logging.LogRecord("tests.log", logging.ERROR, __file__, 1, "row %s", (2,), None)
    record.created = group.last_seen.timestamp() - 60
    logger.handle(record)
    assert _group().state == "resolved"
    logger.error("row %s", 3)
    assert _group().state == "regressed"
    assert list(Event.objects.order_by("occurred_at").values_list("type", flat=True)) == [
        "log.group_opened",
        "log.group_regressed",
    ]


def test_muted_group_stays_muted_and_is_counted() -> None:
    logger.error("row %s", 1)
    keeper.flush()
    LogGroup.objects.update(state="muted")
    logger.error("row %s", 2)
    group = _group()
    assert (group.state, group.count) == ("muted", 2)


# ---- events ----------------------------------------------------------------------------------------
def test_flood_of_new_groups_tells_a_bounded_number_of_events() -> None:
    for word in (f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)):
        logger.error("trouble of kind %s" % word)  # noqa: UP031
    keeper.flush()
    assert LogGroup.objects.count() == 60
    assert Event.objects.count() == writing.EVENTS_AN_HOUR


def _always_fails(event: events.EventData) -> None:
    logging.getLogger("tests.handler").error("trouble with " + "abcdefghij"[LogGroup.objects.count()])
    raise ConnectionError("nobody there")


def test_handler_of_the_event_that_fails_with_new_words_each_time_does_not_multiply() -> None:
    events.subscribe("log.group_opened")(_always_fails)
    try:
        logger.error("the first")
        for _round in range(4):
            keeper.flush()
            Delivery.objects.update(next_attempt_at=timezone.now())
            outbox.deliver()
        keeper.flush()
    finally:
        del events._handlers["log.group_opened"]
    assert Event.objects.count() == 1
    assert LogGroup.objects.filter(logger="tests.handler").count() == 4
    assert LogGroup.objects.get(logger="core.outbox").count == 4


def test_event_that_cannot_be_told_does_not_hold_up_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(writing, "_tell", refuse)
    logger.error("here")
    assert _group().count == 1


# ---- bounds ----------------------------------------------------------------------------------------
def test_burst_is_counted_exactly_in_bounded_memory() -> None:
    # Without stdout, which takes most of the time.
    alone = logging.Logger("tests.alone")
    alone.addHandler(KeepingHandler())
    for number in range(50_000):
        alone.warning("burst of %s", number)
    assert keeper.buffer.entries == keeping.KEPT_OF_A_GROUP
    assert _group().count == 50_000
    assert LogEntry.objects.count() == keeping.KEPT_OF_A_GROUP


def test_flood_of_different_messages_is_bounded_and_says_what_it_left_out() -> None:
    words = [f"{chr(97 + n // 676)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}" for n in range(1_500)]
    for number, word in enumerate(words):
        for _time in range(3):
            logging.getLogger(f"tests.flood{number % 10}").warning("about " + word)
    assert len(keeper.buffer) <= 2 * keeping.MOST_GROUPS + 1
    assert keeper.buffer.entries <= keeping.MOST_ENTRIES
    keeper.flush()
    groups = list(LogGroup.objects.all())
    assert sum(group.count for group in groups) == 4_500
    kept = LogEntry.objects.count()
    shared = [group for group in groups if group.place == keeping.OVERFLOW]
    assert shared
    assert "too many different messages" in shared[0].title
    assert sum(group.lost for group in groups) == 4_500 - kept - sum(max(0, g.count - g.lost - 100) for g in groups)


def test_one_logger_that_makes_a_group_of_each_message_gets_one_for_the_rest_of_the_hour() -> None:
    for number in range(400):
        logger.warning("about " + "".join(chr(97 + int(digit)) for digit in str(number)))
        if number % 50 == 49:
            keeper.flush()
    assert LogGroup.objects.count() == keeping.MOST_OF_A_LOGGER + 1
    assert LogGroup.objects.get(place=keeping.OVERFLOW).count == 200


def test_words_that_the_database_refuses_are_replaced() -> None:
    # A handler alone: half a character would not pass through pytest's own.
    alone = logging.Logger("tests.alone")
    alone.addHandler(KeepingHandler())
    alone.warning("nul \0 and half \ud800 of %s", "x" * 10_000, extra={"blob": "b" * 100_000, "n": float("nan")})
    keeper.flush()
    entry = LogEntry.objects.get()
    assert entry.message.startswith("nul � and half ? of xxx")
    assert len(entry.message) <= 2_000
    assert entry.extra["n"] == "nan"


def test_entries_that_cannot_be_written_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> Any:
        raise DataError("not this")

    monkeypatch.setattr(writing, "_entries", refuse)
    logger.warning("here")
    group = _group()
    assert (group.count, group.lost) == (1, 1)
    assert LogEntry.objects.count() == 0


class _Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def test_record_that_cannot_be_read_fails_nobody_and_is_counted() -> None:
    # A handler alone: pytest's own raises what a record raises.
    alone = logging.Logger("tests.alone")
    alone.addHandler(KeepingHandler())
    alone.warning("about %s", _Hostile(), extra={"it": _Hostile()})
    alone.warning("%d rows", "many")
    alone.warning(_Hostile())
    try:
        raise ValueError(_Hostile())
    except ValueError:
        alone.exception("caught")
    keeper.flush()
    assert sum(LogGroup.objects.values_list("count", flat=True)) == 4


def test_what_the_writing_itself_logs_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing._tell

    def tell(*args: Any) -> None:
        logging.getLogger("django.db").error("about the log itself")
        real(*args)

    monkeypatch.setattr(writing, "_tell", tell)
    logger.warning("here")
    assert _group().logger == "tests.log"
    assert len(keeper.buffer) == 0


def test_while_the_database_is_away_all_is_kept_with_its_true_times(monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing._write

    def away(*args: object, **kwargs: object) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(writing, "_write", away)
    began = time.time()
    for number in range(3):
        logger.warning("row %s", number)
        with pytest.raises(psycopg.OperationalError):
            keeper.flush()
    monkeypatch.setattr(writing, "_write", real)
    logger.warning("row %s", 3)
    ended = time.time()
    assert _group().count == 4
    assert [entry.message for entry in LogEntry.objects.order_by("at", "id")] == [f"row {n}" for n in range(4)]
    assert began <= _group().first_seen.timestamp() <= _group().last_seen.timestamp() <= ended


# ---- secrets ---------------------------------------------------------------------------------------
PERSON, MAIL = "Marina Prado Silva", "marina.prado@example.com"


def test_nothing_personal_of_a_refused_row_is_kept(admin: User) -> None:
    for table, columns, values in (("core_user", "email, name", [MAIL, PERSON]), ("core_agency", "slug", [PERSON])):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                marks = ", ".join(["%s"] * len(values))
                cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
        except IntegrityError:
            logger.exception("could not be kept")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::integer", [PERSON])
    except DataError as error:
        logger.warning("refused: %s", error, extra={"why": str(error)})
    User.objects.create_user(MAIL, name=PERSON)
    try:
        with transaction.atomic():
            User.objects.create_user(MAIL, name=PERSON)
    except IntegrityError as error:
        try:
            raise RuntimeError(f"could not invite {MAIL}") from error
        except RuntimeError:
            logger.exception("at the end of a chain")
    keeper.flush()
    text = _everything()
    for personal in (*PERSON.split(), MAIL, "marina"):
        assert personal not in text, personal
    assert "DETAIL:  ••••" in text
    assert "core_user_email" in text
    assert "direct cause" in text


def test_secrets_are_scrubbed_in_message_arguments_extra_and_notes() -> None:
    cases = {
        "hunter2": "postgresql://fvdash:hunter2@db/x",
        "abcdef123456": "Authorization: Bearer abcdef123456",
        "529.982.247-25": "cpf 529.982.247-25",
        "52998224725": "cpf 52998224725",
        "11.222.333/0001-81": "cnpj 11.222.333/0001-81",
        "12.ABC.345/01DE-35": "cnpj 12.ABC.345/01DE-35",
        "98765-4321": "call +55 (11) 98765-4321",
        "5511987654321": "whatsapp 5511987654321",
        "187.45.12.9": "from 187.45.12.9",
        "code=abc": "https://x.example/back?code=abc&name=Ana",
        "s3cr3t": "password: s3cr3t",
        "caio@": "mail to caio@example.com",
        "EAAG12345678": "token EAAG12345678",
    }
    for secret, text in cases.items():
        logger.warning("about %s", text, extra={"detail": {"deep": [text]}, "api_key": secret})
    keeper.flush()
    kept = _everything()
    for secret in cases:
        assert secret not in kept, secret


def test_what_is_no_secret_stays_readable() -> None:
    text = "order 1764000000123 of 10.0.0.5:5432 took 12:34:56 on 2026-11-24, id 20240012345, v1.2.3"
    logger.warning(text)
    keeper.flush()
    assert LogEntry.objects.get().message == text


def test_values_of_objects_in_extra_are_not_written_out(admin: User) -> None:
    logger.warning("about", extra={"user": admin, "when": None, "n": 3})
    keeper.flush()
    assert LogEntry.objects.get().extra == {"user": "<User>", "n": 3}
