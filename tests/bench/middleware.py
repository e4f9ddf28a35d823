"""What our middleware costs: the whole chain against a bare Django view, in one process and one run.

    .venv/bin/python -m tests.bench.middleware

Both sides answer the same tiny view through Django's own handler, without a socket, so that the difference is
the chain and nothing else. `bare` has no middleware. `anonymous` is a page that needs no sign-in, `signed in`
reads session, person and grants (three queries) as every page does, `api` adds the limit in Redis. The
share that matters is of a real page: the microseconds here beside the milliseconds there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS, CALLS = 60, 40


def _best(call: Callable[[], Any]) -> float:
    """Microseconds of one call in a batch; batches of all cases take turns."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS * 1e6


def measure() -> list[dict[str, object]]:
    """Rows of name, microseconds a call, and the ratio to the bare view. The fastest of many batches each."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.decorators import login_not_required
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponse
    from django.test import Client, RequestFactory
    from django.urls import path

    from core.configuration.environment import Rate

    class Urls:
        @staticmethod
        def tiny(request: HttpRequest) -> HttpResponse:
            return HttpResponse("ok")

        urlpatterns = [path("bare", login_not_required(tiny)), path("api/bare", login_not_required(tiny))]

    sys.modules["tests.bench._urls"] = Urls  # type: ignore[assignment]
    chain, settings.ROOT_URLCONF = list(settings.MIDDLEWARE), "tests.bench._urls"
    settings.API_LIMIT = Rate(1_000_000, 900)
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    user = get_user_model().objects.create_user("bench@example.com", name="Bench")
    browser = Client()
    browser.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"

    def handler(middleware: list[str]) -> WSGIHandler:
        settings.MIDDLEWARE = middleware
        return WSGIHandler()

    bare, full = handler([]), handler(chain)
    counted = handler(["monitoring.middleware.RequestMetricsMiddleware"])
    peer = handler(
        [
            "django_prometheus.middleware.PrometheusBeforeMiddleware",
            "django_prometheus.middleware.PrometheusAfterMiddleware",
        ]
    )
    factory = RequestFactory()

    def call(app: WSGIHandler, url: str, **extra: Any) -> Callable[[], None]:
        def run() -> None:
            response = app(factory.get(url, **extra).environ, lambda status, headers, exc_info=None: None)  # type: ignore[arg-type]
            assert response.status_code == 200, response.status_code
            response.close()

        return run

    cases = {
        "bare view, no middleware": call(bare, "/bare"),
        "ours counting": call(counted, "/bare"),
        "django-prometheus": call(peer, "/bare"),
        "our chain, health": call(full, "/api/health"),
        "our chain, anonymous": call(full, "/bare"),
        "our chain, signed in": call(full, "/bare", HTTP_COOKIE=cookie),
        "our chain, api with limit": call(full, "/api/bare", HTTP_COOKIE=cookie),
    }
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for run in cases.values():
        run()
    for _round in range(ROUNDS):
        for name, run in cases.items():
            spent[name].append(_best(run))
    # Of the fastest batch: what others on the machine add to a batch is no cost of ours.
    base = min(spent["bare view, no middleware"])
    user.delete()
    return [
        {
            "bench": "middleware",
            "case": name,
            "us_per_request": round(min(times), 1),
            "ratio_to_bare": round(min(times) / base, 3),
        }
        for name, times in spent.items()
    ]


def main() -> None:
    """Starts the tests' own servers, measures, prints one JSON row a case."""
    from tests.servers import Servers

    servers = Servers.of_this_run()
    os.environ.update(servers.environment("bench"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "fvdash.settings"
    sys.modules.setdefault("pytest", sys)  # the settings' switch for tests: no thread writes meanwhile
    with servers.running():
        import logging

        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        logging.getLogger("fvdash.request").setLevel(logging.WARNING)
        owner = connections["owner"]
        owner.settings_dict["NAME"] = "fvdash"
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        owner.close()
        servers.clone("bench")
        for row in measure():
            print(json.dumps(row))
        connections.close_all()


if __name__ == "__main__":
    main()
