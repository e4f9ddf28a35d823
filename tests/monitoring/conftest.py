"""A clock of the tests, and counters that start empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cache.backend import counts
from monitoring import health, recording, store


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    # Named on the command line, this file is read before Django is set up.
    from monitoring.page import badge
    from monitoring.status import public

    recording.requests.take()
    # A test of another folder may have run a task.
    recording.tasks.take()
    counts.take()
    health.on_the_spot.forget()
    public.copy.forget()
    badge.forget()
    # Ids of series of a database that was rolled back.
    store.forget()
    yield
    store.forget()
    recording.requests.take()
    # A test of another folder may have run a task.
    recording.tasks.take()
    counts.take()
    health.on_the_spot.forget()
    public.copy.forget()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """/metrics asks the database in the test's own thread, which sees what the test has not committed."""
    from monitoring.exposition import answer

    monkeypatch.setattr(answer.database, "ask", lambda question: question())
