"""Readings of PostgreSQL, Redis, the queue and the business, from the real ones."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import psycopg
import pytest
import redis
from django.db import connection, connections
from django.utils import timezone

from business.models import Lead, Payment
from core import metrics as registry
from core.agencies.models import Agency
from core.metrics import State, Where
from core.models import User
from core.people.middleware import note_activity
from core.tasks import fail_lost_jobs
from monitoring import queueing, recording, store
from monitoring.collecting import cache, clock, tasks
from monitoring.collecting.database import Database
from monitoring.collecting.leading import Leadership
from monitoring.metrics import business
from monitoring.store import Sampled
from monitoring.tasks import tidy
from tests.conftest import SERVERS, WORKER

GROUP = Where(None, "America/Sao_Paulo")


def by_name(samples: Iterable[Sampled]) -> dict[str, float]:
    return {" ".join([one.metric, *one.labels.values()]): one.value for one in samples}


def read(database: Database) -> dict[str, float]:
    return by_name(database.read(timezone.now()))


# ---- PostgreSQL --------------------------------------------------------------------------------
@pytest.fixture
def session(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A session of the superuser in this worker's database."""
    with psycopg.connect(SERVERS.postgres.superuser_url(SERVERS.database(WORKER)), autocommit=True) as one:
        yield one


def test_database_beside_its_own_views(session: psycopg.Connection) -> None:
    found = read(Database())
    name = SERVERS.database(WORKER)

    def one(sql: str) -> float:
        row = session.execute(sql).fetchone()
        assert row is not None
        return float(row[0])

    here = f"FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend'"
    assert found["db_connections"] == one(f"SELECT count(*) {here}")
    assert found["database.connections active"] >= 1
    assert (
        sum(value for key, value in found.items() if key.startswith("database.connections "))
        == (found["db_connections"])
    )
    assert found["database.connections_max"] == one("SELECT current_setting('max_connections')::int")
    assert found["database.size_bytes"] == pytest.approx(one(f"SELECT pg_database_size('{name}')"), rel=0.05)
    assert found["database.waiting_locks"] == one("SELECT count(*) FROM pg_locks WHERE NOT granted")
    assert 0 < found["database.latency_ms"] < 5000


def test_other_roles_sessions_are_counted_without_their_state(session: psycopg.Connection) -> None:
    before = read(Database())["database.connections hidden"]
    with psycopg.connect(SERVERS.postgres.superuser_url(SERVERS.database(WORKER))):
        assert read(Database())["database.connections hidden"] == before + 1


def test_open_transaction_and_lock_that_is_waited_for_appear(transactional_db: None) -> None:
    parameters = connection.get_connection_params()
    url = {key: parameters[key] for key in ("dbname", "user", "password", "host") if key in parameters}
    with psycopg.connect(**url) as holder, psycopg.connect(**url, autocommit=True) as waiter:
        holder.execute("SELECT pg_advisory_xact_lock(4711)")
        waiter.execute("SET lock_timeout = '20s'")
        waiter.pgconn.send_query(b"SELECT pg_advisory_lock(4711)")
        deadline = time.monotonic() + 10
        while (found := read(Database()))["database.waiting_locks"] < 1:
            assert time.monotonic() < deadline
        assert found["database.connections idle_in_transaction"] >= 1
        assert found["database.oldest_transaction_s"] > 0
        holder.rollback()
        waiter.close()


def test_transactions_rollbacks_and_temporary_files_are_per_second(session: psycopg.Connection) -> None:
    database = Database()
    read(database)
    began = clock.elapsed()
    for _ in range(20):
        session.execute("BEGIN")
        session.execute("ROLLBACK")
    session.execute("SET work_mem = '64kB'")
    session.execute("SELECT count(*) FROM (SELECT n FROM generate_series(1, 200000) AS n ORDER BY n DESC) AS sorted")
    session.execute("SELECT pg_stat_force_next_flush()")
    session.execute("SELECT 1")
    found = read(database)
    seconds = clock.elapsed() - began
    assert found["database.rollbacks"] * seconds >= 19
    assert found["database.transactions"] * seconds >= 22
    assert found["database.temp_bytes"] * seconds > 1_000_000
    assert 0 <= found["database.cache_hit_pct"] <= 100


def test_only_one_leads_and_another_follows_when_it_ends(transactional_db: None) -> None:
    parameters = connection.get_connection_params()
    url = {key: parameters[key] for key in ("dbname", "user", "password", "host") if key in parameters}
    with psycopg.connect(**url, autocommit=True) as other:
        from monitoring.collecting.leading import LEAD

        other.execute("SELECT pg_advisory_lock(%s)", [LEAD])
        leadership = Leadership()
        assert leadership.claim() is False
        other.execute("SELECT pg_advisory_unlock(%s)", [LEAD])
        assert leadership.claim() is True
        assert leadership.claim() is True
        # Its connection broke: the lock is gone with it, and somebody else was faster.
        connection.close()
        other.execute("SELECT pg_advisory_lock(%s)", [LEAD])
        assert leadership.leads
        assert leadership.claim() is False


# ---- Redis and the queue -----------------------------------------------------------------------
@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with cache.client() as one:
        yield one


def test_redis_beside_what_it_was_asked(client: redis.Redis) -> None:
    server = cache.RedisServer(client)
    first = by_name(server.read(timezone.now()))
    began = clock.elapsed()
    client.set("a", 1)
    for _ in range(30):
        client.get("a")
    for _ in range(20):
        client.get("b")
    found = by_name(server.read(timezone.now()))
    seconds = clock.elapsed() - began
    assert "redis.hits" not in first
    # Others of this machine's workers may ask it too, never fewer.
    assert found["redis.hits"] * seconds >= 29
    assert found["redis.misses"] * seconds >= 19
    assert found["redis.commands"] * seconds >= 49
    assert found["redis.keys"] == first["redis.keys"] + 1
    assert found["redis.memory_bytes"] == pytest.approx(int(client.info("memory")["used_memory"]), rel=0.2)
    assert found["redis.clients"] >= 1
    assert 0 < found["redis.latency_ms"] < 5000


def test_redis_that_began_anew_leaves_a_gap(client: redis.Redis) -> None:
    server = cache.RedisServer(client)
    info = {"total_commands_processed": 100, "keyspace_hits": 50, "keyspace_misses": 5, "evicted_keys": 1}
    assert list(server.rates(0, info)) == []
    assert list(server.rates(10, info | {"total_commands_processed": 200, "keyspace_hits": 2})) == []
    found = by_name(server.rates(20, info | {"total_commands_processed": 300, "keyspace_hits": 12}))
    assert found == {"redis.commands": 10, "redis.hits": 1, "redis.misses": 0, "redis.evictions": 0}


def test_depth_and_age_are_of_what_waits(client: redis.Redis) -> None:
    queue = cache.Queue(client)
    assert by_name(queue.waiting(timezone.now())) == {"queue.depth celery": 0, "queue.age_s celery": 0}
    before = time.time()
    for priority in (0, 9, 0):
        tidy.apply_async(priority=priority)
    found = by_name(queue.waiting(timezone.now()))
    assert found["queue.depth celery"] == 3
    assert 0 <= found["queue.age_s celery"] <= time.time() - before
    # The oldest is the one that waits longest, whichever priority's list it is in.
    message = json.loads(client.lindex("celery\x06\x169", -1) or b"{}")
    message["headers"][queueing.PUBLISHED_AT] = before - 300
    client.lset("celery\x06\x169", -1, json.dumps(message))
    assert 300 <= by_name(queue.waiting(timezone.now()))["queue.age_s celery"] < 400


def test_message_that_does_not_say_when_it_was_published_has_no_age(client: redis.Redis) -> None:
    client.lpush("celery", "nonsense")
    assert by_name(cache.Queue(client).waiting(timezone.now())) == {"queue.depth celery": 1}


def test_workers_are_those_whose_heart_beats(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def beat(name: str) -> None:
        body = base64.b64encode(json.dumps({"type": "worker-heartbeat", "hostname": name}).encode()).decode()
        client.publish("/0.celeryev/worker.heartbeat", json.dumps({"body": body, "headers": {}}))

    queue, now = cache.Queue(client), 1000.0
    monkeypatch.setattr("monitoring.collecting.cache.time.monotonic", lambda: now)
    assert list(queue.workers(timezone.now())) == []  # it has only begun to listen
    for name in ("celery@a", "celery@b", "celery@a"):
        beat(name)
    client.publish("/0.celeryev/worker.heartbeat", "nonsense")
    now += 10
    assert by_name(queue.workers(timezone.now())) == {"queue.workers": 2}
    beat("celery@a")
    now += 10
    assert by_name(queue.workers(timezone.now())) == {"queue.workers": 2}
    now += 10
    assert by_name(queue.workers(timezone.now())) == {"queue.workers": 1}
    now += 10
    assert by_name(queue.workers(timezone.now())) == {"queue.workers": 0}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_real_worker_is_heard_and_takes_what_waits(client: redis.Redis) -> None:
    queue = cache.Queue(client)
    list(queue.workers(timezone.now()))
    tidy.apply_async()
    arguments = ["-m", "celery", "--app", "fvdash", "--quiet", "worker", "--concurrency=1", "--loglevel=ERROR"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "fvdash.settings", "PYTHONWARNINGS": "ignore"}
    worker = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        deadline = time.monotonic() + 60
        found: dict[str, float] = {}
        while found.get("queue.workers") != 1 or found["queue.depth celery"]:
            assert time.monotonic() < deadline
            assert worker.poll() is None
            time.sleep(0.2)
            found = by_name([*queue.workers(timezone.now()), *queue.waiting(timezone.now())])
    finally:
        worker.terminate()
        worker.wait(30)


def test_tasks_are_counted_by_name_outcome_and_time(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(recording.tasks, "add", lambda name, outcome, ms: seen.append((name, outcome)))
    assert tidy.apply().state == "SUCCESS"
    monkeypatch.setattr(fail_lost_jobs, "run", lambda: 1 / 0)
    assert fail_lost_jobs.apply().state == "FAILURE"
    assert seen == [("monitoring.tasks.tidy", "success"), ("core.tasks.fail_lost_jobs", "failure")]


def _ran(seconds_ago: float, now: dt.datetime, *runs: tuple[str, str, float]) -> None:
    for name, outcome, ms in runs:
        recording.tasks.add(name, outcome, ms, now.timestamp() - seconds_ago)
    recording.flush()


def test_tasks_are_sampled_by_the_last_whole_minute(db: None) -> None:
    # What a minute holds is whole fifteen seconds after its end.
    now = timezone.now().replace(second=20, microsecond=0)
    _ran(30, now, *[("a.quick", "success", float(ms)) for ms in range(1, 101)], ("a.quick", "failure", 200.0))
    _ran(30, now, ("a.again", "retry", 10.0), ("a.again", "success", 30.0))
    _ran(90, now, ("a.earlier", "success", 5.0))
    _ran(5, now, ("a.quick", "success", 60_000.0))  # of the minute that is not over
    _ran(86_400 + 120, now, ("a.renamed", "success", 5.0))
    found = by_name(tasks.samples(now))
    assert (found["task.count a.quick"], found["task.failures a.quick"]) == (101, 1)
    assert found["task.duration_ms a.quick"] == pytest.approx((5050 + 200) / 101)
    assert found["task.p95_ms a.quick"] == pytest.approx(96, rel=0.045)
    assert (found["task.count a.again"], found["task.retries a.again"], found["task.failures a.again"]) == (2, 1, 0)
    assert found["task.count a.earlier"] == 0
    assert "task.duration_ms a.earlier" not in found
    assert not any("a.renamed" in name for name in found)
    # Nothing changes until the next minute is whole.
    assert by_name(tasks.samples(now + dt.timedelta(seconds=50))) == found
    after = by_name(tasks.samples(now + dt.timedelta(seconds=55)))
    assert after["task.count a.quick"] == 1
    assert after["task.p95_ms a.quick"] == pytest.approx(60_000, rel=0.045)


# ---- the business ------------------------------------------------------------------------------
@pytest.fixture
def now(db: None) -> dt.datetime:
    return timezone.now()


def test_people_at_work_are_those_of_the_last_five_minutes(now: dt.datetime, make_user: Callable[..., User]) -> None:
    from django.core.cache import cache as django_cache

    for ago in (299, 10, 301):
        note_activity(make_user().pk, now - dt.timedelta(seconds=ago))
    twice = make_user()
    for ago in (200, 100):
        django_cache.clear()
        note_activity(twice.pk, now - dt.timedelta(seconds=ago))
    assert business.measured(now, "UTC")["business.active_users_5m"] == 3


def test_operations_are_the_events_of_the_last_minute(now: dt.datetime, agency: Agency) -> None:
    before = business.measured(timezone.now(), "UTC")["business.operations_per_min"] or 0
    for number in range(3):
        Lead.objects.create(agency=agency, name=f"lead {number}")
    after = business.measured(timezone.now(), "UTC")["business.operations_per_min"]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_auditevent WHERE outcome = 'success'")
        assert after == cursor.fetchone()[0] == before + 3
    assert business.measured(timezone.now() + dt.timedelta(seconds=120), "UTC")["business.operations_per_min"] == 0


def test_revenue_is_what_was_received_by_currency(now: dt.datetime, agency: Agency, other_agency: Agency) -> None:
    Agency.objects.filter(pk=other_agency.pk).update(currency="USD")
    for ago, amount in ((30, 600), (61, 60), (3599, 60), (3700, 1000)):
        Payment.objects.create(agency=agency, amount=amount, paid_at=now - dt.timedelta(seconds=ago))
    Payment.objects.create(agency=agency, amount=999)  # due, not received
    assert business.revenue(now) == {"BRL": (Decimal(600), Decimal(12)), "USD": (Decimal(0), Decimal(0))}
    (reading,) = registry.read(["business.revenue_per_min_1h"], GROUP, now).values()
    assert (reading.value, reading.state) == (None, State.NO_DATA)  # never summed over currencies
    assert reading.parts == {"BRL": Decimal("12.00"), "USD": Decimal("0.00")}
    chosen = Where(None, GROUP.zone, "BRL")
    assert registry.read(["business.revenue_per_min"], chosen, now)["business.revenue_per_min"].value == 600


def test_conversion_is_of_the_groups_day(agency: Agency) -> None:
    midnight = dt.datetime(2026, 3, 10, 3, 0, tzinfo=dt.UTC)  # in São Paulo
    for minutes, outcome in ((-1, "won"), (1, "won"), (2, "lost"), (3, "lost"), (4, "won"), (5, "won"), (600, "lost")):
        at = midnight + dt.timedelta(minutes=minutes)
        Lead.objects.create(agency=agency, name="a", outcome=outcome, closed_at=at, created_at=at)
    name = "business.conversion_today_pct"
    assert business.measured(midnight + dt.timedelta(minutes=30), GROUP.zone)[name] == Decimal("60.00")
    assert business.measured(midnight + dt.timedelta(minutes=30), "UTC")[name] == Decimal("66.67")
    assert business.measured(midnight, GROUP.zone)[name] is None


def test_nothing_closed_is_a_gap_and_not_zero(agency: Agency) -> None:
    found = by_name(business.samples(timezone.now()))
    assert "business.conversion_today_pct" not in found
    assert (found["business.active_users_5m"], found["business.revenue_per_min BRL"]) == (0, 0)
    reading = registry.read(["business.conversion_today_pct"], GROUP, timezone.now())["business.conversion_today_pct"]
    assert (reading.value, reading.state) == (None, State.NO_DATA)


def test_past_is_answered_from_what_was_kept(db: None) -> None:
    at = timezone.now() - dt.timedelta(hours=3)
    store.write("", at, [Sampled("business.active_users_5m", 7)])
    reading = registry.read(["business.active_users_5m"], GROUP, at + dt.timedelta(seconds=20))
    assert reading["business.active_users_5m"].value == 7


# ---- the registry ------------------------------------------------------------------------------
def test_what_is_sampled_is_declared_with_its_labels(agency: Agency, client: redis.Redis) -> None:
    from monitoring.collecting.process import Machine, Self

    now, machine, own, queue = timezone.now(), Machine(), Self(), cache.Queue(client)
    database, server = Database(), cache.RedisServer(client)
    samples: list[Sampled] = []
    _ran(60, now, ("a.task", "success", 5.0))
    _ran(120, now, ("a.task", "success", 5.0))
    for _ in range(2):
        samples += [*machine.read(now), *own.read(clock.elapsed(), 0.1, 0), *queue.waiting(now)]
        samples += [*database.read(now), *server.read(now), *business.samples(now), *tasks.samples(now)]
    metrics = registry.registered()
    for one in samples:
        assert set(one.labels) == set(metrics[one.metric].labels), one.metric
        assert not metrics[one.metric].per_agency
    assert len({one.metric for one in samples}) > 50


def test_newest_sample_is_read_and_grows_stale(db: None) -> None:
    now = timezone.now()
    store.write("a", now - dt.timedelta(seconds=20), [Sampled("load.1m", 1.5)])
    name = "load.1m"
    reading = registry.read([name], GROUP, now)[name]
    assert (reading.value, reading.state, reading.parts) == (Decimal("1.50"), State.KNOWN, {"a": Decimal("1.50")})
    assert registry.read([name], GROUP, now + dt.timedelta(seconds=15))[name].state is State.STALE
    store.write("b", now, [Sampled("load.1m", 3.5)])
    reading = registry.read([name], GROUP, now)[name]
    assert reading.value is None
    assert reading.parts == {"a": Decimal("1.50"), "b": Decimal("3.50")}
    assert registry.read([name], GROUP, now - dt.timedelta(days=1))[name].state is State.NO_DATA
