"""A database that is away or silent: bounded waits, and answers that say to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client

from core.models import User
from fvdash.runtime.patience import Connection
from tests.conftest import SERVERS


class Impatient(Connection):
    silence = 0.2


def test_a_silent_server_is_given_up_and_the_connection_closed(django_db_setup: None) -> None:
    with Impatient.connect(SERVERS.postgres.app_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match=r"did not answer within 0\.2 s"):
            connection.execute("SELECT pg_sleep(600)")
        assert connection.closed


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("couldn't get a connection after 10.00 sec")

    return lambda: monkeypatch.setattr(CursorWrapper, "execute", refuse)


@pytest.mark.django_db
def test_page_without_database_is_503_and_says_when_to_come_back(
    client_as: Callable[[User], Client], admin: User, no_database: Callable[[], None]
) -> None:
    client = client_as(admin)
    client.raise_request_exception = False
    no_database()
    answer = client.get("/executive")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "Traceback" not in answer.content.decode()


@pytest.mark.django_db
def test_api_without_database_is_a_503_problem(
    admin: User, make_token: Callable[..., str], no_database: Callable[[], None]
) -> None:
    token = make_token(admin)
    client = Client(raise_request_exception=False)
    no_database()
    answer = client.get("/api/executive/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"] == "10"
