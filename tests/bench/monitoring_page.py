"""/monitoring at the server with two years of data: a host of 16 cores (some 70 series) and 50 routes.

A day of samples every ten seconds is written and rolled up; history is that day again, back to two years, as in
`monitoring_store`. Times are of whole requests (session, page, rendering, gzip) beside their own median, and
of the rendering alone; weights are of the answer, compressed.
"""

from __future__ import annotations

import datetime as dt
import gzip
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench import monitoring_requests
from tests.bench.monitoring_store import again, p95

CORES, EVERY_S, CALLS = 16, 10, 40
_DISKS, _DEVICES = ("/", "/data"), ("nvme0n1", "nvme1n1")


def run(superuser_url: str) -> list[dict[str, Any]]:
    from django.db import connections
    from django.utils import timezone

    from monitoring.models import Series
    from monitoring.store import rolling
    from monitoring.store.writing import write_rounds

    now = timezone.now().replace(microsecond=0)
    monitoring_requests.fill(superuser_url, now)
    start = now.replace(hour=0, minute=0, second=0) - dt.timedelta(days=1)
    at, dice = start, random.Random(4)
    while at < now:
        write_rounds("app-01", [(at, list(_host(at, dice)))])
        write_rounds("", [(at, list(_shared(at, dice)))])
        at += dt.timedelta(seconds=EVERY_S)
    rolling.roll_up(now)
    again(now)
    _spans(now)
    connections["owner"].close()
    print(f"  {Series.objects.count()} series", flush=True)
    return _pages(now)


def _host(at: dt.datetime, dice: random.Random) -> Iterator[Any]:
    from monitoring.store import Sampled as S

    wave = 40 + 30 * math.sin(at.timestamp() / 13_000)
    yield from (S("cpu.core_pct", max(0.0, wave + dice.gauss(0, 8)), {"core": str(core)}) for core in range(CORES))
    yield from (S("cpu.mode_pct", wave / 3, {"mode": mode}) for mode in ("user", "system", "iowait"))
    yield from (S(name, wave) for name in ("cpu_pct", "memory_pct", "load.1m", "load.5m", "load.15m"))
    for name in ("memory.used_bytes", "memory.total_bytes", "swap.total_bytes", "swap.used_bytes"):
        yield S(name, 8e9 + dice.randrange(4096) * 65_536)
    for mount in _DISKS:
        for name in ("disk.used_pct", "disk.free_bytes", "disk.total_bytes", "disk.used_bytes"):
            yield S(name, 60.0, {"mount": mount})
    for device in _DEVICES:
        for name in ("read_bytes", "write_bytes", "read_latency_ms", "write_latency_ms", "busy_pct"):
            yield S(f"disk.{name}", dice.expovariate(1 / 40), {"device": device})
    for name in ("bytes_in", "bytes_out", "errors_in", "errors_out", "drops_in", "drops_out"):
        yield S(f"network.{name}", dice.expovariate(1 / 40_000), {"interface": "eth0"})


def _shared(at: dt.datetime, dice: random.Random) -> Iterator[Any]:
    from monitoring.page.queries import BUSINESS, DATABASE, QUEUE, REDIS
    from monitoring.store import Sampled as S

    for name in (*BUSINESS, *DATABASE, *REDIS):
        yield S(name, 10.0 + dice.randrange(20))
    for queue in ("celery", "mail"):
        yield from (S(name, float(dice.randrange(3)), {"queue": queue}) for name in QUEUE[:2])
    yield S("queue.workers", 2.0)


def _spans(now: dt.datetime) -> None:
    """90 days of checks, each with an outage a day."""
    from monitoring.health import Outcome, Status, keep
    from monitoring.models import Span

    for name in ("", "database", "redis", "api"):
        for day in range(90):
            begin = now - dt.timedelta(days=day + 1)
            Span.objects.create(name=name, status="ok", since=begin, until=begin + dt.timedelta(hours=23))
            Span.objects.create(
                name=name, status="degraded", since=begin + dt.timedelta(hours=23), until=begin + dt.timedelta(hours=24)
            )
    keep([Outcome(name, Status.OK, 2.0) for name in ("database", "redis", "api")], now)


def _pages(now: dt.datetime) -> list[dict[str, Any]]:
    from django.template.loader import render_to_string
    from django.test import Client, RequestFactory

    from core.models import RoleGrant, User
    from core.people.viewers import viewer_of
    from monitoring import windows
    from monitoring.page import queries, views

    person = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=None)
    browser = Client()
    browser.force_login(person)
    results: list[dict[str, Any]] = []

    def get(address: str, **headers: str) -> bytes:
        answer = browser.get(address, headers={"Accept-Encoding": "identity", **headers})
        assert answer.status_code == 200, answer.content[:500]
        return bytes(answer.content)

    def page(name: str) -> Callable[[], bytes]:
        return lambda: get(f"/monitoring?window={name}")

    for name in windows.PRESETS:
        results.append(
            _row(
                f"monitoring page: {name}, p95",
                p95(page(name), CALLS),
                "ms p95",
            )
        )
    metric = "/monitoring/metric?metric=cpu.core_pct&window=30d"
    results.append(_row("monitoring page: 30 days of 16 cores, p95", p95(lambda: get(metric), CALLS), "ms p95"))
    poll = {"HX-Request": "true", "HX-Target": "div#live", "X-Poll": "1"}
    results += [
        _row("monitoring page: first load, gzip", len(gzip.compress(get("/monitoring"))) / 1024, "KB"),
        _row("monitoring page: a poll, gzip", len(gzip.compress(get("/monitoring", **poll))) / 1024, "KB"),
    ]
    request = RequestFactory().get("/monitoring")
    viewer = request.viewer = viewer_of(person)  # type: ignore[attr-defined]
    found = queries.overview(viewer, windows.parse({}, viewer.zone, now), None, now)
    context = views.context(request, found)
    results += [
        _row(
            "monitoring page: queries and reading, p95",
            p95(lambda: queries.overview(viewer, found.window, None, now), CALLS),
            "ms p95",
        ),
        _row("monitoring page: rows and charts, p95", p95(lambda: views.context(request, found), CALLS), "ms p95"),
        _row(
            "monitoring page: template, p95",
            p95(lambda: render_to_string("monitoring/monitoring.html#live", context, request), CALLS),
            "ms p95",
        ),
    ]
    return results


def _row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": unit, "peer": "", "peer_value": None, "ratio": None}
