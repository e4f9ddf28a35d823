"""What is kept of a log record.

Two steps, so that a caller pays little: `snapshot` copies what could change or hold memory (never a frame,
never a local variable) in the caller's thread; `words` formats and scrubs in the thread that writes, and only
for entries that are kept at all.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest

from core.audit.context import current
from core.logs import agency_of_log, clean, delivery_of_log, request_of_log, scrub
from monitoring.log import fingerprints

MESSAGE: Final = 2_000
TRACEBACK: Final = 12_000
FRAMES: Final = 60
CHAIN: Final = 6
EXTRA_ITEMS, EXTRA_DEPTH, EXTRA_TEXT = 30, 3, 500
# What logging itself puts on a record, and what is kept in columns of its own or must not be kept at all.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message", "asctime", "request", "request_id", "user_id", "actor", "agency_id", "method", "route", "data",
    "taskName", "color_message", "status_code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A group's own facts. `level` is logging's number; `place` is file:function."""

    fingerprint: str
    level: int
    logger: str
    exception: str
    place: str


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception of a chain: how it hangs together with the one before, its type, text and stack."""

    link: str
    type: str
    text: str
    stack: traceback.StackSummary


@dataclass(frozen=True, slots=True)
class Entry:
    """One occurrence as the caller's thread leaves it: raw words, to be scrubbed before anybody sees them."""

    at: float
    message: str
    raised: tuple[Raised, ...]
    extra: dict[str, Any]
    request_id: str
    task_id: str
    task: str
    actor: str
    user_id: int | None
    agency_id: int | None
    method: str
    route: str


def key_of(record: logging.LogRecord) -> Key:
    """The group of a record."""
    error = _error(record)
    template, subject = str(record.msg), ""
    if isinstance(record.args, Mapping) and record.name.startswith("celery"):
        # Every failed task has one template.
        subject = str(record.args.get("name", ""))
    elif fingerprints.says_nothing(template):
        request = _request(record)
        route = _route(request)
        subject = f"{getattr(record, 'status_code', '')} {request.method} {route}" if request else _message(record)
    text = fingerprints.template(template, quoted=not record.args)
    subject = fingerprints.template(subject, quoted=True)
    places = [fingerprints.place(record.pathname, record.funcName or "")]
    if error is None:
        return _key(record, text, subject, "", places, placed=False)
    root = _root(error)
    places = fingerprints.innermost(_frames(root)) or places
    # With an exception its place says more than the address that led to it.
    return _key(record, text, subject if record.name.startswith("celery") else "", _type(root), places, placed=True)


def _key(record: logging.LogRecord, text: str, subject: str, exception: str, places: list[str], *, placed: bool) -> Key:
    parts = (record.name, str(record.levelno), text, subject, exception, *(places if placed else ()))
    name = record.name[:100]
    return Key(fingerprints.fingerprint(*parts), record.levelno, name, exception[:200], places[0][:200])


def snapshot(record: logging.LogRecord) -> Entry:
    """What is kept of this occurrence, without references to anything alive."""
    actor, request, error = current(), _request(record), _error(record)
    task_id, task = _task(record)
    user_id, agency_id = actor.id, agency_of_log.get()
    request_id = actor.request_id
    if request is not None:
        request_id = request_id or getattr(request, "request_id", "")
        # Outside the request's own context; never read from the database for the log's sake.
        cached = getattr(request, "_cached_user", None)
        user_id = user_id or getattr(cached, "pk", None)
    return Entry(
        at=record.created,
        message=_message(record)[: 2 * MESSAGE],
        raised=tuple(_chain(error)) if error else (),
        extra=_extra(record),
        request_id=str(request_id or "")[:64],
        task_id=task_id[:64],
        task=task[:120],
        actor=actor.kind,
        user_id=user_id,
        agency_id=agency_id,
        method=(request.method or "" if request else "")[:8],
        route=_route(request)[:200],
    )


def told_of_itself() -> bool:
    """Whether an event of this log is being delivered just now: then its failures open no events."""
    return delivery_of_log.get().startswith("log.")


# ---- words ---------------------------------------------------------------------------------------
def message_of(entry: Entry) -> str:
    return _text(scrub(entry.message), MESSAGE)


def title_of(entry: Entry, key: Key) -> str:
    """One line that says what happened, of the newest occurrence."""
    if entry.raised:
        last = entry.raised[-1]
        line = f"{last.type.rpartition('.')[2]}: {scrub(last.text)}" if last.text else last.type
        line = f"{entry.task}: {line}" if entry.task else line
    elif entry.route and key.logger == "django.request":
        line = f"{scrub(entry.message).partition(':')[0]}: {entry.method} {entry.route}"
    else:
        line = scrub(entry.message)
    return _text(" ".join(line.split()), 200) or key.logger


def traceback_of(entry: Entry) -> str:
    """The chain of exceptions as Python writes it, each text scrubbed by itself."""
    parts = []
    for one in entry.raised:
        if one.link:
            parts.append(f"\n{one.link}\n\n")
        if one.stack:
            parts.append("Traceback (most recent call last):\n")
            parts.extend(line.replace(fingerprints.ROOT, "") for line in one.stack.format())
        parts.append(f"{one.type}: {scrub(one.text)}\n" if one.text else f"{one.type}\n")
    whole = _text("".join(parts).strip("\n"), 1_000_000)
    if len(whole) <= TRACEBACK:
        return whole
    # The end says what happened, the beginning where it came from.
    return f"{whole[: TRACEBACK // 3]}\n  …\n{whole[-2 * TRACEBACK // 3 :]}"


def extra_of(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = _printable(clean(entry.extra))
    return found


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value, EXTRA_TEXT)
    if isinstance(value, dict):
        return {_text(key, 60): _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value


def _text(text: str, most: int) -> str:
    """Text that PostgreSQL takes: no NUL, no half of a surrogate pair, not longer than `most`."""
    text = text.replace("\0", "�").encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"


# ---- of a record ---------------------------------------------------------------------------------
def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  (arguments that do not fit, or a __str__ that raises)
        return f"{record.msg!s} (its arguments do not fit)"


def _error(record: logging.LogRecord) -> BaseException | None:
    info = record.exc_info
    return info[1] if isinstance(info, tuple) else None


def _request(record: logging.LogRecord) -> HttpRequest | None:
    given = getattr(record, "request", None)
    return given if isinstance(given, HttpRequest) else request_of_log.get()


def _route(request: HttpRequest | None) -> str:
    """The pattern, never the path, which holds ids and what people typed."""
    if request is None:
        return ""
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    # Answered by a middleware: only addresses without parameters get there.
    return request.path if request.path in ("/api/health", "/api/system/health") else "(no route)"


def _task(record: logging.LogRecord) -> tuple[str, str]:
    if isinstance(record.args, Mapping) and record.name.startswith("celery"):
        return str(record.args.get("id", "")), str(record.args.get("name", ""))
    if "celery" not in sys.modules:
        return "", ""
    from celery._state import get_current_task

    task = get_current_task()
    return (str(task.request.id or ""), str(task.name)) if task is not None else ("", "")


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _cause(error: BaseException) -> tuple[BaseException | None, str]:
    if error.__cause__ is not None:
        return error.__cause__, "The above exception was the direct cause of the following exception:"
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__, "During handling of the above exception, another exception occurred:"
    return None, ""


def _root(error: BaseException) -> BaseException:
    """The exception that has a place of ours: the one that was raised, unless a group only wraps others."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _frames(error: BaseException) -> Iterator[tuple[str, str]]:
    for frame, _line in traceback.walk_tb(error.__traceback__):
        yield frame.f_code.co_filename, frame.f_code.co_qualname


def _chain(error: BaseException) -> list[Raised]:
    """The exception and what caused it, the first cause first."""
    found: list[Raised] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(found) < CHAIN:
        seen.add(id(one))
        before, link = _cause(one)
        # Locals are never captured: they hold rows, passwords, whole requests.
        stack = traceback.StackSummary.extract(
            traceback.walk_tb(one.__traceback__), limit=-FRAMES, lookup_lines=False, capture_locals=False
        )
        found.append(Raised(link, _type(one), _safe_str(one), stack))
        for inner in getattr(one, "exceptions", ())[:CHAIN]:
            found[-1:-1] = [Raised("", f"  in the group: {_type(inner)}", _safe_str(inner), traceback.StackSummary())]
        one = before
    found.reverse()
    return found


def _safe_str(value: object) -> str:
    try:
        return str(value)[: 2 * MESSAGE]
    except Exception:  # noqa: BLE001  (anybody's __str__)
        return f"<{type(value).__name__}>"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    given = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    return {name: _plain(value) for name, value in list(given.items())[:EXTRA_ITEMS] if value is not None}


def _plain(value: Any, depth: int = 0) -> Any:
    """Plain values as they are; of anything else only its kind, since its repr could hold a whole row."""
    if isinstance(value, str):
        return value[: 4 * EXTRA_TEXT]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, (Decimal, dt.datetime, dt.date, dt.timedelta, uuid.UUID)):
        return str(value)
    if isinstance(value, Exception):
        return f"{_type(value)}: {_safe_str(value)}"
    if depth < EXTRA_DEPTH and isinstance(value, Mapping):
        return {str(key): _plain(one, depth + 1) for key, one in list(value.items())[:EXTRA_ITEMS]}
    if depth < EXTRA_DEPTH and isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one, depth + 1) for one in list(value)[:EXTRA_ITEMS]]
    return f"<{type(value).__name__}>"
