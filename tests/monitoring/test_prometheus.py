"""A real Prometheus scrapes the product with our own file; rules and dashboard name only what there is."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from core import metrics as registry
from core.metrics import Unit
from core.models import User
from monitoring.exposition import names
from tests.monitoring.exposed import everything_known, parsed

DOCS: Path = settings.BASE_DIR / "docs"
SCRAPE, RULES = DOCS / "prometheus/prometheus.yml", DOCS / "prometheus/rules.yml"
DASHBOARD = DOCS / "grafana/fvdash.json"
WHY = "{} is not there: install Debian's package prometheus"
PATIENCE_S = 60.0


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(WHY.format(name))
    return path


def expressions() -> list[str]:
    """Of the dashboard, with its variables filled in, and of the rules."""
    found = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    filled = [one.replace("$instance", ".*").replace("$host", ".*").replace("$__rate_interval", "1m") for one in found]
    rules = yaml.safe_load(RULES.read_text())
    return filled + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


class Prometheus:
    """The real one, on a port of the loopback, with a folder of its own."""

    def __init__(self, folder: Path, target: str, token: str) -> None:
        self.folder = folder
        (folder / "token").write_text(token)
        config = yaml.safe_load(SCRAPE.read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (job,) = config["scrape_configs"]
        job["authorization"]["credentials_file"] = str(folder / "token")
        job["static_configs"][0]["targets"] = [target]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        shutil.copy(RULES, folder / "rules.yml")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    def ask(self, path: str, **parameters: str) -> Any:
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float | None:
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, met: Callable[[], Any]) -> Any:
        """What `met` returns once it is true; while the server starts nobody answers."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                if found := met():
                    return found
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{(self.folder / 'log').read_text()}\n{self.ask('targets')}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def prometheus(
    tmp_path: Path, live_server: LiveServer, admin: User, make_token: Callable[..., str]
) -> Iterator[Prometheus]:
    program("prometheus")
    everything_known()
    one = Prometheus(tmp_path, live_server.url.removeprefix("http://"), make_token(admin, "monitoring"))
    yield one
    one.stop()


@pytest.mark.django_db(transaction=True)
def test_a_real_prometheus_scrapes_it_and_gives_the_figures_back(prometheus: Prometheus) -> None:
    assert prometheus.wait_for(lambda: prometheus.value('up{job="fvdash"}') == 1)
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    labels = 'method="GET",route="/business/clients",status="200"'
    assert prometheus.value(f"fvdash_requests_total{{{labels}}}") == 1
    assert prometheus.value(f'fvdash_response_time_seconds_bucket{{{labels},le="0.0625"}}') == 0
    assert prometheus.value(f'fvdash_response_time_seconds_bucket{{{labels},le="0.125"}}') == 1
    quantile = prometheus.value(
        f"histogram_quantile(0.5, sum by (le) (fvdash_response_time_seconds_bucket{{{labels}}}))"
    )
    assert quantile is not None
    assert 0.0625 < quantile <= 0.125
    assert prometheus.value('fvdash_cpu_ratio{host="web-1"}') == pytest.approx(0.01)
    # Every scrape is a request: the counter grows from one to the next.
    scrapes = 'sum(fvdash_requests_total{route="/metrics"})'
    from monitoring import recording

    def grows() -> bool:
        recording.flush()
        return (prometheus.value(scrapes) or 0) >= 2

    prometheus.wait_for(grows)
    for expression in expressions():
        prometheus.query(expression)
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert not [(rule["name"], rule["lastError"]) for rule in rules if rule.get("lastError")]


@pytest.mark.django_db
def test_rules_and_dashboard_name_only_what_metrics_has(at_once: None) -> None:
    everything_known()
    text = Client().get("/metrics").content.decode()
    there = {name for name, _labels in parsed(text)}
    variables = [one["query"]["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    named = {name for one in [*expressions(), *variables] for name in re.findall(r"fvdash_\w+", one)}
    assert len(named) > 30
    assert named <= there
    guide = set(re.findall(r"`(fvdash_\w+)`", (DOCS / "monitoring.md").read_text()))
    histograms = {name.removesuffix("_bucket") for name in there if name.endswith("_bucket")}
    pushed = {"fvdash_pushed_series_left_out"}
    assert guide <= there | histograms | pushed


def test_dashboard_can_be_imported() -> None:
    found = dashboard()
    assert "id" not in found
    assert {"title", "uid", "schemaVersion", "panels", "templating"} <= set(found)
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    places = {"type": "prometheus", "uid": "${datasource}"}
    for panel in found["panels"]:
        for target in panel.get("targets", []):
            assert target["datasource"] == panel["datasource"] == places
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        grid = panel["gridPos"]
        columns, rows = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        cells = {(x, y) for x in columns for y in rows}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_promtool_reads_the_rules_and_the_scrape_file(tmp_path: Path) -> None:
    promtool = program("promtool")
    (tmp_path / "token").write_text("x")
    scrape = SCRAPE.read_text().replace("/etc/prometheus/fvdash.token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(scrape)
    shutil.copy(RULES, tmp_path / "rules.yml")
    for arguments in (["rules", "rules.yml"], ["config", "prometheus.yml"]):
        done = subprocess.run([promtool, "check", *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_registered_figure_has_a_name_of_its_own_in_base_units() -> None:
    found = [names.named(metric) for metric in registry.registered().values()]
    assert len({one.name for one in found}) == len(found)
    taken = {"fvdash_response_time_seconds", "fvdash_task_duration_seconds", "fvdash_requests", "fvdash_tasks"}
    assert not taken & {one.name for one in found}
    for one, metric in zip(found, registry.registered().values(), strict=True):
        assert one.help
        assert not one.name.endswith(("_pct", "_ms", "_percent", "_count", "_sum", "_bucket", "_info"))
        assert ("_ratio" in one.name) == (metric.unit is Unit.PERCENT)
        assert one.counter or not one.name.endswith("_total")
