"""GET /metrics: what it holds, and that what is not known is not in it."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.openmetrics import parser as openmetrics

from core import metrics as registry
from core.models import Agency
from core.schedule.models import BeatRun
from monitoring import health, recording
from monitoring.exposition import figures, names, totals
from monitoring.health import Outcome, Status
from monitoring.models import Total
from monitoring.requests import rolling
from monitoring.requests.counting import Requests, Tasks
from monitoring.store import Sampled, write
from monitoring.store.writing import write_rounds
from tests.monitoring.exposed import Key, everything_known, parsed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.fixture(autouse=True)
def _forget() -> None:
    totals._known.clear()


def scraped(accept: str = "") -> str:
    answer = Client().get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def samples(text: str | None = None) -> dict[Key, float]:
    """Name and labels of each sample, and its value; both forms say the same."""
    if text is None:
        plain, strict = samples(scraped()), parsed(scraped(OPENMETRICS), openmetrics.text_string_to_metric_families)
        assert {key: value for key, value in strict.items() if not _counts_itself(key)} == {
            key: value for key, value in plain.items() if not _counts_itself(key)
        }
        return plain
    return parsed(text)


def _counts_itself(key: Key) -> bool:
    return ("route", "/metrics") in key[1]


def key(name: str, **labels: str) -> Key:
    return name, frozenset(labels.items())


def named(found: Iterable[Key], prefix: str) -> list[Key]:
    return [one for one in found if one[0].startswith(prefix)]


def count(*rows: tuple[str, str, int, float], now: float | None = None) -> None:
    counted = Requests()
    for route, method, status, ms in rows:
        counted.add(route, method, status, ms, now)
    recording._write_counts(counted.take())


def lint(text: str) -> None:
    """Nothing to say: where Debian's promtool is there."""
    promtool = shutil.which("promtool")
    if promtool:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_empty_installation_has_what_it_is_and_nothing_made_up() -> None:
    found = samples()
    assert found[key("fvdash_build_info", version="0.1.0")] == 1
    assert not named(found, "fvdash_cpu")
    assert not named(found, "fvdash_response_time")
    assert not named(found, "fvdash_health_check")
    assert not named(found, "fvdash_custom")
    assert not named(found, "fvdash_mrr")
    lint(scraped())


def test_plain_text_by_default_and_openmetrics_when_asked() -> None:
    plain = Client().get("/metrics")
    assert plain["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert plain["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in plain
    wanted = Client().get("/metrics", headers={"Accept": OPENMETRICS})
    assert wanted["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert wanted.content.endswith(b"# EOF\n")
    for accept in (
        "*/*",
        "text/html",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=0.2,text/plain;q=0.9",
        "application/openmetrics-text;q=x",
        "application/openmetrics-text;q=0",
        ";;,=",
    ):
        assert Client().get("/metrics", headers={"Accept": accept})["Content-Type"].startswith("text/plain"), accept


def test_packed_where_the_scraper_says_it_unpacks() -> None:
    count(*[(f"/page{number}", "GET", 200, 1.0) for number in range(20)])
    answer = Client().get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    import gzip

    assert b"fvdash_requests_total" in gzip.decompress(answer.content)


def test_requests_are_a_histogram_equal_to_what_was_recorded() -> None:
    durations = [0.5, 3.90625, 4.0, 15.7, 62.5, 62.6, 480.0, 1000.0, 1000.1, 7999.0, 8000.5, 60_000.0]
    count(*[("/business/clients", "GET", 200, ms) for ms in durations], ("/business/clients", "POST", 302, 20.0))
    found = samples()
    labels = {"method": "GET", "route": "/business/clients", "status": "200"}
    assert found[key("fvdash_requests_total", **labels)] == len(durations)
    assert found[key("fvdash_response_time_seconds_count", **labels)] == len(durations)
    assert found[key("fvdash_response_time_seconds_sum", **labels)] == pytest.approx(sum(durations) / 1000, abs=1e-5)
    bounds = [0.00390625 * 2**power for power in range(12)]
    for bound in bounds:
        le = {"le": str(bound), **labels}
        exact = sum(ms <= bound * 1000 for ms in durations)
        assert found[key("fvdash_response_time_seconds_bucket", **le)] == exact, bound
    assert found[key("fvdash_response_time_seconds_bucket", le="+Inf", **labels)] == len(durations)
    assert len(named(found, "fvdash_response_time_seconds_bucket")) == 2 * 13
    lint(scraped())


def test_counters_add_up_over_flushes_and_processes() -> None:
    count(("/a", "GET", 200, 5.0))
    totals._known.clear()
    count(("/a", "GET", 200, 5.0), ("/a", "GET", 500, 5.0))
    found = samples()
    assert found[key("fvdash_requests_total", method="GET", route="/a", status="200")] == 2
    assert found[key("fvdash_requests_total", method="GET", route="/a", status="500")] == 1


def test_what_a_flush_could_not_write_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recording.requests.add("/a", "GET", 200, 5.0)
    with monkeypatch.context() as patch:
        patch.setattr(totals, "add", lambda rows: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            recording.flush()
    recording.flush()
    assert samples()[key("fvdash_requests_total", method="GET", route="/a", status="200")] == 1


def test_counters_do_not_fall_when_minutes_are_rolled_up_and_dropped() -> None:
    old = timezone.now() - dt.timedelta(days=40)
    count(("/a", "GET", 200, 5.0), now=old.timestamp())
    count(("/a", "GET", 200, 5.0))
    before = samples()
    rolling.roll(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM monitoring_endpointminute")
        cursor.execute("DELETE FROM monitoring_endpointhour")
    after = samples()
    for one in named(before, "fvdash_re"):
        if one[0].startswith(("fvdash_requests_total", "fvdash_response_time_seconds")):
            assert after[one] >= before[one]
    assert after[key("fvdash_requests_total", method="GET", route="/a", status="200")] == 2


def test_keys_beyond_the_bound_share_one_and_none_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(totals.MOST, "request", 2)
    count(("/a", "GET", 200, 5.0), ("/b", "GET", 200, 5.0))
    count(("/c", "GET", 200, 5.0), ("/d", "GET", 200, 5.0), ("/b", "GET", 200, 5.0))
    totals._known.clear()
    count(*[("/c", "GET", 200, 5.0)] * 9)
    found = {dict(labels)["route"]: value for (name, labels), value in samples().items() if name.endswith("ts_total")}
    assert found == {"/a": 1, "/b": 2, "(other)": 11}


def test_rows_of_a_former_version_make_room() -> None:
    count(("/old", "GET", 200, 5.0))
    Total.objects.update(counted_at=timezone.now() - dt.timedelta(days=91))
    count(("/new", "GET", 200, 5.0))
    assert totals.tidy(timezone.now()) == 1
    assert [one.route for one in totals.read()] == ["/new"]


def test_tasks_are_a_histogram_by_outcome() -> None:
    counted = Tasks()
    counted.add("core.tasks.prune", "success", 1500.0)
    counted.add("core.tasks.prune", "failure", 20.0)
    recording._write_counts(counted.take())
    found = samples()
    labels = {"task": "core.tasks.prune", "outcome": "success"}
    assert found[key("fvdash_tasks_total", **labels)] == 1
    assert found[key("fvdash_task_duration_seconds_bucket", le="0.5", **labels)] == 0
    assert found[key("fvdash_task_duration_seconds_bucket", le="2.0", **labels)] == 1
    assert found[key("fvdash_tasks_total", task="core.tasks.prune", outcome="failure")] == 1


def test_samples_of_hosts_with_their_labels_in_base_units() -> None:
    now = timezone.now()
    write(
        "web-1",
        now,
        [
            Sampled("cpu_pct", 12.5),
            Sampled("disk.used_pct", 80.0, {"mount": "/"}),
            Sampled("disk.read_latency_ms", 4.0, {"device": "sda"}),
            Sampled("network.bytes_in", 1000.0, {"interface": "eth0"}),
            Sampled("memory.used_bytes", 2.0**33),
        ],
    )
    write("web-2", now, [Sampled("cpu_pct", 50.0)])
    write("", now, [Sampled("queue.depth", 3.0, {"queue": "celery"}), Sampled("database.latency_ms", 0.25)])
    found = samples()
    assert found[key("fvdash_cpu_ratio", host="web-1")] == pytest.approx(0.125)
    assert found[key("fvdash_cpu_ratio", host="web-2")] == pytest.approx(0.5)
    assert found[key("fvdash_disk_used_ratio", host="web-1", mount="/")] == pytest.approx(0.8)
    assert found[key("fvdash_disk_read_latency_seconds", host="web-1", device="sda")] == pytest.approx(0.004)
    assert found[key("fvdash_network_received_bytes_per_second", host="web-1", interface="eth0")] == 1000
    assert found[key("fvdash_memory_used_bytes", host="web-1")] == 2.0**33
    assert found[key("fvdash_queue_depth", queue="celery")] == 3
    assert found[key("fvdash_database_latency_seconds")] == pytest.approx(0.00025)
    lint(scraped())


def test_stale_samples_are_absent_and_never_zero() -> None:
    write("web-1", timezone.now() - dt.timedelta(seconds=31), [Sampled("cpu_pct", 12.5)])
    assert not named(samples(), "fvdash_cpu_ratio")


def test_health_checks_say_up_or_down_or_nothing() -> None:
    now = timezone.now()
    health.keep(
        [
            Outcome("database", Status.OK, 1.5),
            Outcome("redis", Status.DOWN, failures=2),
            Outcome("api", Status.DEGRADED, 1200.0),
        ],
        now - dt.timedelta(seconds=20),
    )
    found = samples()
    ups = {dict(labels)["check"]: value for (name, labels), value in found.items() if name == "fvdash_health_check_up"}
    assert ups == {"database": 1, "redis": 0, "api": 1}
    assert found[key("fvdash_health_check_latency_seconds", check="database")] == pytest.approx(0.0015)
    assert key("fvdash_health_check_latency_seconds", check="redis") not in found
    lint(scraped())


def test_results_that_are_too_old_say_nothing() -> None:
    health.keep([Outcome("database", Status.OK, 1.5)], timezone.now() - dt.timedelta(seconds=100))
    assert not named(samples(), "fvdash_health_check")


def test_schedule_tells_the_last_success_also_after_a_failure() -> None:
    at = timezone.now().replace(microsecond=0)
    BeatRun.objects.create(
        name="tidy",
        last_finished_at=at,
        last_outcome="failed",
        last_succeeded_at=at - dt.timedelta(hours=2),
        last_duration_ms=1500,
        runs=5,
        failures=2,
    )
    BeatRun.objects.create(name="gone-since-long", runs=1)
    found = samples()
    assert (
        found[key("fvdash_schedule_last_success_timestamp_seconds", entry="tidy")]
        == (at - dt.timedelta(hours=2)).timestamp()
    )
    assert found[key("fvdash_schedule_runs_total", entry="tidy")] == 5
    assert found[key("fvdash_schedule_failures_total", entry="tidy")] == 2
    assert {dict(labels)["entry"] for _name, labels in named(found, "fvdash_schedule")} == {"tidy"}
    lint(scraped())


def test_pushed_metrics_keep_their_name_and_labels_are_escaped() -> None:
    now = timezone.now()
    odd = 'C:\\temp "x"\nline } é'
    write_rounds("", [(now, [Sampled("shop.basket_size", 7.0, {"where": odd})])], custom=True, fresh_s=60)
    write_rounds("", [(now - dt.timedelta(seconds=61), [Sampled("shop.gone", 7.0)])], custom=True, fresh_s=60)
    found = samples()
    assert found[key("fvdash_custom_shop_basket_size", where=odd)] == 7
    assert not named(found, "fvdash_custom_shop_gone")
    assert found[key("fvdash_pushed_series_left_out")] == 0


def test_pushed_names_that_are_written_alike_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    write_rounds("", [(now, [Sampled("a.b", 1.0)])], custom=True, fresh_s=60)
    write_rounds("", [(now, [Sampled("a_b", 2.0)])], custom=True, fresh_s=60)
    found = samples()
    assert found[key("fvdash_custom_a_b")] == 1
    assert found[key("fvdash_pushed_series_left_out")] == 1


def test_pushed_series_are_bounded_and_the_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_CUSTOM", 3)
    pushed = [Sampled("many", float(number), {"n": str(number)}) for number in range(5)]
    write_rounds("", [(timezone.now(), pushed)], custom=True, fresh_s=60)
    found = samples()
    assert len(named(found, "fvdash_custom_many")) == 3
    assert found[key("fvdash_pushed_series_left_out")] == 2


def test_money_is_told_by_currency_and_never_summed(agency: Agency, other_agency: Agency) -> None:
    from business.models import Client as Customer
    from business.models import Payment

    other_agency.currency = "USD"
    other_agency.save()
    for of, amount in ((agency, 100), (other_agency, 7)):
        customer = Customer.objects.create(agency=of, name="C", created_at=timezone.now())
        Payment.objects.create(agency=of, client=customer, amount=amount, paid_at=timezone.now())
    from business.figures.tasks import refresh_facts

    refresh_facts()
    found = samples()
    assert {
        (dict(labels)["currency"], value) for (name, labels), value in found.items() if name == "fvdash_revenue_month"
    } == {("BRL", 100.0), ("USD", 7.0)}


def test_promtool_has_nothing_to_say_of_any_figure() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not there (Debian's package prometheus)")
    everything_known()
    text = scraped()
    for one in registry.registered().values():
        assert f"\n{names.named(one).name}{{" in text or f"\n{names.named(one).name} " in text
    lint(text)


def test_help_is_english_whatever_the_language() -> None:
    from django.utils import translation

    write("web-1", timezone.now(), [Sampled("memory_pct", 12.5)])
    with translation.override("pt-br"):
        text = scraped()
    assert "# HELP fvdash_memory_ratio Memory. Share of the host" in text


def test_labels_hold_patterns_and_no_person(admin: Any, client_as: Any) -> None:
    client_as(admin).get(f"/configuration/people/{admin.pk}?q=maria@example.com")
    recording.flush()
    text = scraped()
    assert "/configuration/people/<int" in text
    assert admin.email not in text
    assert "maria" not in text
    assert f"people/{admin.pk}" not in text


def test_few_queries_and_fewer_once_the_windows_are_kept(django_assert_max_num_queries: Any) -> None:
    routes = [(f"/route{number}/<int:pk>", "GET", status, 5.0) for number in range(50) for status in (200, 302, 500)]
    count(*routes)
    scraped()
    with CaptureQueriesContext(connection) as asked:
        scraped()
    assert len(asked) <= 6, [one["sql"][:200] for one in asked]


def test_a_scrape_counts_itself_as_a_route_of_its_own() -> None:
    scraped()
    recording.flush()
    assert samples()[key("fvdash_requests_total", method="GET", route="/metrics", status="200")] == 1


def test_windows_are_read_once_in_a_minute_and_again_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = figures._read

    def counted(at: dt.datetime) -> Any:
        asked.append(1)
        return read(at)

    monkeypatch.setattr(figures, "_read", counted)
    scraped()
    scraped()
    assert len(asked) == 1
    monkeypatch.setattr(cache, "get", lambda *args, **options: None)
    scraped()
    assert len(asked) == 2
