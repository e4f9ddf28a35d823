"""Log lines: JSON, with the request's id, without secrets and addresses."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.test import Client

from core.audit.context import Actor, acting
from core.logs import ContextFilter, JSONFormatter
from core.models import User

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    handler.addFilter(ContextFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.mark.django_db
def test_request_leaves_one_line_with_its_id_and_no_query(
    lines: Lines, admin: User, client_as: Callable[[User], Client]
) -> None:
    answer = client_as(admin).get("/api/openapi.json?email=ana@example.com", headers={"X-Request-ID": "given-id-1"})
    (line,) = [one for one in lines() if one["logger"] == "fvdash.request"]
    assert line["request_id"] == answer["X-Request-ID"] == "given-id-1"
    assert (line["level"], line["method"], line["status"], line["user_id"]) == ("INFO", "GET", 200, admin.pk)
    assert line["message"] == "GET /api/openapi.json 200"
    assert "ana@" not in json.dumps(line)
    assert str(line["at"]).startswith("20")


def test_id_that_could_forge_a_line_is_replaced(client: Client) -> None:
    answer = client.get("/api/health", headers={"X-Request-ID": 'x" onload="y {}'})
    assert len(answer["X-Request-ID"]) == 32


def test_secrets_and_addresses_are_scrubbed_wherever_they_are(lines: Lines) -> None:
    logger = logging.getLogger("tests.scrub")
    try:
        raise ConnectionError("postgresql://fvdash:hunter2@db/x refused ana@example.com")
    except ConnectionError:
        logger.exception(
            "calling with Bearer abcdef123456",
            extra={"api_key": "k-123", "nested": {"password": "p-123", "to": ["bia@example.com"]}},
        )
    logger.warning("mail to %s failed", "caio@example.com", extra={"password": "p-456"})
    text = json.dumps(lines(), ensure_ascii=False)
    for secret in ("hunter2", "ana@", "abcdef123456", "k-123", "p-123", "bia@", "caio@", "p-456"):
        assert secret not in text, secret
    assert "ConnectionError" in text


def test_line_says_who_acts(lines: Lines) -> None:
    with acting(Actor("task", 7, request_id="of-the-task")):
        logging.getLogger("tests.who").warning("here")
    (line,) = lines()
    assert (line["actor"], line["user_id"], line["request_id"]) == ("task", 7, "of-the-task")


def test_line_break_in_a_message_stays_one_line(lines: Lines) -> None:
    logging.getLogger("tests.break").warning('first\n{"level": "forged"}')
    assert len(lines()) == 1
