"""Servers and databases of the tests.

Tests run against a real PostgreSQL and Redis that only they use. The default connection is the runtime
role's, so that a missing privilege fails here and not in production; `owner` is the owner role's. Ask for it
with `@pytest.mark.django_db(databases=["default", "owner"])`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import django
import django.conf
import pytest
import redis

from tests.servers import Servers

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SERVERS = Servers.of_this_run()

# Nothing of the developer's own configuration may change what the tests see.
_OURS = ("FVDASH_", "DATABASE_", "REDIS_", "UPSTASH_", "BACKUP_", "WHATSAPP_", "TWILIO_", "OPENAI_", "SLACK_")
for _name in [*os.environ]:
    if (_name.startswith(_OURS) and not _name.startswith("FVDASH_TEST_")) or _name in (
        "HOST",
        "PORT",
        "EMAIL_URL",
    ):
        del os.environ[_name]
os.environ.update(SERVERS.environment(WORKER))


def pytest_configure(config: pytest.Config) -> None:
    """Sets Django up, and starts the servers in the first process of the run, which stops them at its end."""
    if django.conf.settings.configured:
        raise pytest.UsageError("unset DJANGO_SETTINGS_MODULE: the tests bring their own")
    os.environ["DJANGO_SETTINGS_MODULE"] = "fvdash.settings"
    django.setup()
    # Before anything is translated: what a language lacked when it was first asked for stays lacking.
    from core.i18n.catalogues import compile_all

    compile_all()
    config.pluginmanager.import_plugin("tests.fixtures")  # it imports models
    # Not left in the environment: a worker would read the settings before it has its own database.
    del os.environ["DJANGO_SETTINGS_MODULE"]
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    # A time limit ends a run by SIGTERM, which by itself would leave no time to tidy up.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    servers = contextlib.ExitStack()
    servers.enter_context(SERVERS.running())
    config.add_cleanup(servers.close)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords(django_test_environment: None) -> None:
    """A password hash that is made slow on purpose would be most of the suite's time."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Migrates the template once per run, and gives this worker a copy."""
    from django.db import connections
    from django.test import TransactionTestCase

    def migrate() -> None:
        from django.core.management import call_command

        from tests.servers import TEMPLATE

        owner = connections["owner"]
        name, owner.settings_dict["NAME"] = owner.settings_dict["NAME"], TEMPLATE
        try:
            call_command("migrate", database="owner", verbosity=0, interactive=False)
        finally:
            owner.close()
            owner.settings_dict["NAME"] = name

    def fresh_copy(self: TransactionTestCase) -> None:
        # The runtime role may not truncate, and rows that a migration wrote must be there for the next test.
        connections.close_all()
        SERVERS.clone(WORKER)

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        SERVERS.migrate_once(migrate)
        SERVERS.clone(WORKER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", fresh_copy)
        yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.close_all()


@pytest.fixture(scope="session")
def _redis_client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(_redis_client: redis.Redis) -> None:
    """Cache, queue and counters start empty."""
    _redis_client.flushdb()


@pytest.fixture
def run_tasks(
    settings: object,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> Callable[[], AbstractContextManager[None]]:
    """`with run_tasks():` runs at its end what was enqueued at commit, tasks in this process and at once."""
    from fvdash.celery import app

    @contextlib.contextmanager
    def run() -> Iterator[None]:
        before = app.conf.task_always_eager, app.conf.task_eager_propagates
        app.conf.task_always_eager, app.conf.task_eager_propagates = True, True
        try:
            with django_capture_on_commit_callbacks(execute=True):
                yield
        finally:
            app.conf.task_always_eager, app.conf.task_eager_propagates = before

    return run
