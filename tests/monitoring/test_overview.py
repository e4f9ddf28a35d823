"""What /monitoring says: wrong first, windows, hosts, gaps, and parts that cannot be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.models import User
from monitoring import health, recording, store
from monitoring.health import Outcome, Status
from monitoring.page import badge, facts, queries, traffic
from monitoring.page.actions import annotate
from monitoring.page.tables import lasts
from monitoring.store import Sampled, reading

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]


@pytest.fixture
def page(client_as: ClientAs, admin: User) -> Callable[..., str]:
    client = client_as(admin)
    client.cookies["fvdash_language"] = "en"

    def get(address: str = "/monitoring", status: int = 200, **headers: str) -> str:
        answer = client.get(address, headers=headers)
        assert answer.status_code == status
        return answer.content.decode()

    return get


def well(at: dt.datetime) -> None:
    health.keep([Outcome(name, Status.OK, 2.0) for name in ("database", "redis", "api")], at)


def sampled(at: dt.datetime, host: str = "app-01", cpu: float = 20.0, used: float = 60.0) -> None:
    store.write(
        host,
        at,
        [
            Sampled("cpu_pct", cpu),
            *(Sampled("cpu.core_pct", cpu, {"core": str(core)}) for core in range(2)),
            Sampled("memory_pct", 40.0),
            Sampled("disk.used_pct", used, {"mount": "/"}),
            Sampled("disk.free_bytes", 40e9, {"mount": "/"}),
            Sampled("disk.total_bytes", 100e9, {"mount": "/"}),
            Sampled("network.bytes_in", 1000.0, {"interface": "eth0"}),
        ],
    )


def shared(at: dt.datetime, age: float = 0.0, workers: int = 2) -> None:
    store.write(
        "",
        at,
        [
            Sampled("queue.depth", 7.0 if age else 0.0, {"queue": "celery"}),
            Sampled("queue.age_s", age, {"queue": "celery"}),
            Sampled("queue.workers", workers),
            Sampled("database.connections", 12.0, {"state": "idle"}),
            Sampled("database.connections_max", 100.0),
        ],
    )


def test_all_is_well_and_since_when(page: Callable[..., str]) -> None:
    now = timezone.now()
    well(now)
    sampled(now)
    shared(now)
    html = page()
    assert "All is well since" in html
    assert "of 100; 12 idle" in html


def test_a_fresh_start_says_that_nothing_was_measured(page: Callable[..., str]) -> None:
    html = page()
    assert "No host has been measured yet." in html
    assert "Nothing was measured in this window" in html
    assert "100.0%" not in html


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda now: shared(now, age=1200.0), "The queue celery waits since"),
        (lambda now: shared(now, workers=0), "No worker is alive"),
        (lambda now: sampled(now, used=93.0), "is 93.0% full"),
        (lambda now: sampled(now, cpu=99.0), "The processor is 99.0% busy"),
    ],
)
def test_what_is_wrong_comes_first(page: Callable[..., str], happens: Callable[[dt.datetime], None], said: str) -> None:
    now = timezone.now()
    well(now)
    sampled(now - dt.timedelta(seconds=10))
    shared(now - dt.timedelta(seconds=10))
    happens(now)
    html = page()
    reading = html[html.index('class="reading"') : html.index('aria-label="Window"')]
    assert said in reading.replace("&#x27;", "'")
    assert "All is well" not in html


def test_a_check_that_is_down_is_named_with_its_reason(page: Callable[..., str]) -> None:
    now = timezone.now()
    health.keep(
        [
            Outcome("database", Status.OK, 2.0),
            Outcome("redis", Status.DOWN, None, "no answer"),
            Outcome("api", Status.OK, 1.0),
        ],
        now,
    )
    html = page()
    assert "Redis is down." in html
    assert 'class="badge critical">1 down' in html


def test_a_host_that_stopped_is_told_with_its_age(page: Callable[..., str]) -> None:
    now = timezone.now()
    well(now)
    sampled(now, "app-01")
    sampled(now - dt.timedelta(minutes=4), "app-02")
    html = page()
    assert "No sample of app-02 since" in html
    assert "No sample of app-01" not in html
    assert "app-02: No sample since" in html  # in the host picker


def test_one_host_shows_its_cores_and_all_show_the_hosts(page: Callable[..., str]) -> None:
    now = timezone.now()
    sampled(now, "app-01", cpu=10.0)
    sampled(now, "app-02", cpu=77.0)
    assert "CPU by host" in page()
    assert "worst of 2: app-02" in page()
    html = page("/monitoring?host=app-01")
    assert "CPU by core" in html
    assert "app-01, 2 cores" in html
    assert "77" not in html[html.index('id="machine"') : html.index('id="space"')]


def test_a_past_window_stands_still(page: Callable[..., str]) -> None:
    now = timezone.now()
    sampled(now - dt.timedelta(hours=3), cpu=33.0)
    start, end = ((now - dt.timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ") for h in (4, 2))
    html = page(f"/monitoring?from={start}&amp;to={end}".replace("&amp;", "&"))
    assert "hx-get" not in html[html.index('id="live"') : html.index('class="reading"')]
    assert "33.0%" in html
    assert "At its end" in html
    assert "Is the collector running" not in html


@pytest.mark.parametrize("window", ["15m", "1h", "6h", "24h", "7d", "30d", "90d", "1y", "2y"])
def test_every_window_in_at_most_ten_queries(page: Callable[..., str], window: str) -> None:
    now = timezone.now()
    well(now)
    sampled(now)
    shared(now)
    for number in range(20):
        recording.requests.add(f"/route/{number}", "GET", 200, 5.0, now.timestamp() - 60)
    recording.flush()
    page()  # signs in and warms what a process does once
    badge.forget()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page(f"/monitoring?window={window}")
    assert len(asked) <= 10, "\n\n".join(one["sql"][:200] for one in asked)


def test_an_unknown_window_is_refused(page: Callable[..., str]) -> None:
    assert "There is no such window." in page("/monitoring?window=3y", 400)
    assert "The end must be after" in page("/monitoring?from=2026-01-02&to=2026-01-01", 400)


@pytest.mark.parametrize(
    ("module", "name"), [(facts, "facts"), (queries, "_checks"), (reading, "survey"), (traffic, "traffic")]
)
def test_a_part_that_fails_does_not_take_the_page_down(
    page: Callable[..., str], monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(queries if name == "traffic" else module, name, fails)
    html = page()
    assert "could not be read; the log says why" in html
    assert 'id="endpoints"' in html
    assert "All is well since" not in html


def test_what_happened_is_on_the_time_axis_and_in_words(page: Callable[..., str]) -> None:
    now = timezone.now()
    sampled(now)
    annotate("deploy", "2026.11.24-3", at=now - dt.timedelta(minutes=20))
    annotate("backup", "full", event="backup.failed", at=now - dt.timedelta(minutes=10), bad=True)
    annotate("deploy", "older", at=now - dt.timedelta(hours=5))
    html = page()
    assert html.count('class="plot-mark"') >= 1
    assert "plot-mark bad" in html
    assert "Deployment: 2026.11.24-3" in html
    assert "Backup failed: full" in html
    assert "older" not in html


def test_days_until_full(settings: object) -> None:
    gigabyte = 1e9
    assert lasts(None, 5.0)[0] is None
    assert lasts(facts.Trend(gigabyte / 24, 100), 10.5 * gigabyte)[0] == pytest.approx(10.5)
    assert lasts(facts.Trend(-gigabyte, 100), 10 * gigabyte)[0] is None
    assert lasts(facts.Trend(1.0, 100), 10 * gigabyte)[0] is None


def test_a_trend_is_the_slope_of_the_hours() -> None:
    from monitoring.store.packing import pack_floats, pack_ints

    day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    blocks = [
        (
            day + dt.timedelta(days=n),
            pack_ints([2] * 24),
            pack_floats([2 * 1000.0 * (24 * n + hour) for hour in range(24)]),
        )
        for n in range(3)
    ]
    found = facts.trend(blocks)
    assert found is not None
    assert found.per_hour == pytest.approx(1000.0)
    assert facts.trend(blocks[:1]) is None  # less than a day


def test_the_badge_asks_once_in_five_seconds(page: Callable[..., str]) -> None:
    now = timezone.now()
    well(now)
    badge.forget()
    page("/monitoring/metrics")
    with CaptureQueriesContext(connection) as asked:
        html = page("/monitoring/metrics")
    assert not [one for one in asked if "monitoring_checkresult" in one["sql"]]
    assert "all up" in html


def test_first_load_is_light(page: Callable[..., str]) -> None:
    import gzip

    now = timezone.now()
    well(now)
    for number in range(60):
        sampled(now - dt.timedelta(minutes=number), cpu=number)
    for number in range(50):
        recording.requests.add(f"/some/route/{number}", "GET", 200, 5.0 * number + 1, now.timestamp() - 60)
    recording.flush()
    html = page()
    assert len(gzip.compress(html.encode())) < 30_000
