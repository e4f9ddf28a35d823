"""/monitoring/metric: the course of one metric, whoever measures it; /monitoring/metrics: all there are."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core import metrics as registry
from core.charts import data_table, lines, sparkline
from core.metrics import AGGREGATES, Line, Lines, Unit
from core.pages import page
from core.pages.errors import bad_request
from core.pages.parts import Link, Text
from core.people.access import Area, Denied, Viewer
from monitoring import series
from monitoring.page import actions, tables
from monitoring.page import facts as small
from monitoring.page.controls import controls
from monitoring.page.figures import axis, clock, known, step_words, ticks, unit_of, written
from monitoring.page.listing import custom_metrics
from monitoring.page.queries import Overview
from monitoring.page.views import poll_seconds
from monitoring.windows import Window, WindowError, parse

DRAWN = 24
LISTED = 200
COLUMNS = 8
WORDS: dict[str, Text] = {
    "avg": gettext_lazy("mean"),
    "min": gettext_lazy("least"),
    "max": gettext_lazy("most"),
    "p95": "p95",
    "sum": gettext_lazy("sum"),
    "last": gettext_lazy("last"),
}


@dataclass(frozen=True)
class Shown:
    """One series of the metric."""

    name: str
    href: str
    chart: SafeString
    low: str
    mean: str
    high: str
    last: str


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    metric: str
    window: Window
    host: str | None
    agg: str
    labels: dict[str, str]

    def params(self, **changes: str) -> str:
        base: list[tuple[str, str]] = [("metric", self.metric), *self.window.params.items(), ("agg", self.agg)]
        if self.host:
            base.append(("host", self.host))
        base += [("label", f"{name}={value}") for name, value in self.labels.items()]
        return urlencode([pair for pair in base if pair[0] not in changes] + list(changes.items()))


@require_safe
def metric(request: HttpRequest) -> HttpResponseBase:
    """GET /monitoring/metric?metric=&window=&host=&agg=&label=name=value."""
    now = timezone.now()
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    viewer.require(Area.MONITORING)
    try:
        asked = _asked(request, viewer, now)
    except WindowError as error:
        return bad_request(request, error)
    refused, answer, step = "", None, asked.window.steps().step
    try:
        answer = series.query(
            viewer,
            asked.metric,
            asked.window.start,
            asked.window.end,
            str(int(step.total_seconds())) if not _daily(asked.metric) else None,
            asked.agg,
            now,
            host=asked.host,
            labels=asked.labels,
            currency=asked.labels.get("currency") if _daily(asked.metric) else None,
        )
    except series.NoSuchMetric as error:
        raise Http404 from error
    except series.Refused as error:
        refused = error.message
    if request.GET.get("format") == "csv" and answer:
        return _csv(answer.metric, answer.lines)
    return page(request, "monitoring/metric.html", _context(request, asked, answer, refused, now), "live")


def _daily(name: str) -> bool:
    known_metric = registry.registered().get(name)
    return known_metric is not None and (known_metric.per_agency or known_metric.lines is None)


def _asked(request: HttpRequest, viewer: Viewer, now: dt.datetime) -> Asked:
    name = request.GET.get("metric", "")
    pairs = (one.partition("=") for one in request.GET.getlist("label")[:10])
    agg = request.GET.get("agg", "avg")
    return Asked(
        name,
        parse(request.GET, viewer.zone, now, "30d" if _daily(name) else "1h"),
        request.GET.get("host") or None,
        agg if agg in AGGREGATES else "avg",
        {key: value for key, sign, value in pairs if sign},
    )


def _context(
    request: HttpRequest, asked: Asked, answer: series.Answer | None, refused: str, now: dt.datetime
) -> dict[str, object]:
    found = small.facts(asked.window.start, asked.window.end, asked.host, now)
    known_metric = registry.registered().get(asked.metric)
    unit = unit_of(asked.metric)
    path = reverse("metric")
    kept = {"metric": asked.metric, "agg": asked.agg}
    context: dict[str, object] = {
        "asked": asked,
        "metric": known_metric,
        "title": known_metric.label if known_metric else asked.metric,
        "controls": controls(path, asked.window, asked.host, found.hosts if known_metric else (), now, kept),
        "aggregates": [Link(WORDS[one], f"{path}?{asked.params(agg=one)}", one == asked.agg) for one in AGGREGATES],
        "live": bool(asked.window.preset),
        "poll": poll_seconds(asked.window),
        "address": request.get_full_path(),
        "moments": tables.moments(found.notes),
        "refused": refused,
        "api": f"/api/metrics/query?{_api(asked)}",
        "csv": f"{path}?{asked.params(format='csv')}",
        "now": now,
        "narrowed": [f"{name}={value}" for name, value in asked.labels.items()],
        "whole": f"{path}?{urlencode({**kept, **asked.window.params})}",
    }
    if answer is None:
        return context
    currency = answer.unit if len(answer.unit) == 3 and unit is Unit.MONEY else asked.labels.get("currency", "")
    drawn = sorted(answer.lines.lines, key=lambda line: -max(known(line.values), default=float("-inf")))
    shown = [line for line in drawn if known(line.values)]
    return context | {
        "chart": _chart(asked, answer.lines, shown or drawn, found, unit, currency, now),
        "table": _table(answer.lines, shown, unit, currency),
        "rows": [_shown(asked, line, unit, currency) for line in drawn[:LISTED]],
        "many": len(drawn),
        "drawn": min(len(shown), DRAWN),
        "step": step_words(answer.lines.step),
    }


def _api(asked: Asked) -> str:
    start, end = (
        at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") for at in (asked.window.start, asked.window.end)
    )
    pairs = [("metric", asked.metric), ("from", start), ("to", end), ("agg", asked.agg)]
    pairs += [("host", asked.host)] if asked.host else []
    return urlencode(pairs + [("label", f"{name}={value}") for name, value in asked.labels.items()])


def name_of(line: Line) -> str:
    """host app-01, core 3: what tells a series from its like."""
    return ", ".join(value if name == "host" else f"{name} {value}" for name, value in line.labels.items())


def _chart(
    asked: Asked,
    of: Lines,
    shown: Sequence[Line],
    found: small.Facts,
    unit: Unit | None,
    currency: str,
    now: dt.datetime,
) -> SafeString:
    seen = [value for line in shown for value in known(line.values)]
    title = registry.registered()[asked.metric].label if asked.metric in registry.registered() else asked.metric
    if seen:
        takeaway = _("%(title)s: between %(low)s and %(high)s, %(n)s series") % {
            "title": title,
            "low": written(min(seen), unit, currency),
            "high": written(max(seen), unit, currency),
            "n": len(shown),
        }
    else:
        takeaway = _("%(title)s: nothing was measured in this window") % {"title": title}
    end = of.start + of.count * of.step
    whole = Overview(asked.window, asked.host, now, None, None, found, None)
    return lines(
        [line.values for line in shown[:DRAWN]],
        takeaway=takeaway,
        ticks=ticks(of.start, of.step, of.count, 7),
        axis=axis(unit, currency),
        marks=tables.marks(whole, of.start, end),
        from_zero=True,
    )


def _table(of: Lines, shown: Sequence[Line], unit: Unit | None, currency: str) -> SafeString:
    heads = [_("Time"), *(name_of(line) or _("value") for line in shown[:COLUMNS])]
    rows = [
        [
            clock(at, min(of.step, dt.timedelta(minutes=1))),
            *(written(line.values[place], unit, currency) for line in shown[:COLUMNS]),
        ]
        for place, at in reversed(list(enumerate(of.times)))
    ]
    return data_table(_("Values"), heads, rows, limit=300)


def _shown(asked: Asked, line: Line, unit: Unit | None, currency: str) -> Shown:
    values = known(line.values)
    mean = sum(values) / len(values) if values else None

    def words(value: float | None) -> str:
        return written(value, unit, currency or line.labels.get("currency", ""))

    labels = {name: value for name, value in line.labels.items() if name != "host"}
    narrowed = Asked(asked.metric, asked.window, line.labels.get("host", asked.host), asked.agg, labels)
    name = name_of(line) or _("the only series")
    last = next((value for value in reversed(line.values) if value is not None), None)
    return Shown(
        name,
        f"{reverse('metric')}?{narrowed.params()}",
        sparkline(line.values, takeaway=_("%(name)s in this window") % {"name": name}, wide=True, height=20),
        words(min(values, default=None)),
        words(mean),
        words(max(values, default=None)),
        words(last),
    )


class _Echo:
    def write(self, text: str) -> str:
        return text


def _csv(name: str, of: Lines) -> StreamingHttpResponse:
    """A row a step, a column a series; nothing where nothing was measured."""
    writer = csv.writer(_Echo())

    def rows() -> Iterator[str]:
        heads = (_safe(name_of(line) or name) for line in of.lines)
        yield writer.writerow(["at", *heads])
        for place, at in enumerate(of.times):
            values = ("" if line.values[place] is None else repr(line.values[place]) for line in of.lines)
            yield writer.writerow([at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"), *values])

    response = StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _safe(text: str) -> str:
    """What a spreadsheet would run as a formula gets an apostrophe."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """GET /monitoring/metrics: those that somebody pushes, and those of the product."""
    now = timezone.now()
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    context = {
        "custom": custom_metrics(viewer, now),
        "own": sorted((one for one in registry.registered().values() if not one.per_agency), key=lambda one: one.name),
        "may_delete": viewer.is_global_admin,
        "most": series_limits(),
        "now": now,
    }
    return page(request, "monitoring/metrics.html", context, "custom")


def series_limits() -> tuple[int, int]:
    from monitoring.pushes import MOST_OF_METRIC, MOST_SERIES

    return MOST_OF_METRIC, MOST_SERIES


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Confirmation, and the end of a custom metric, for admins of the group."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    viewer.require(Area.MONITORING)
    if not viewer.is_global_admin:
        raise Denied(Area.MONITORING)
    many = actions.series_of(name)
    if not many:
        raise Http404
    wrong = request.method == "POST" and request.POST.get("confirm", "").strip() != name
    if request.method == "POST" and not wrong:
        actions.delete_metric(viewer, name)
        messages.success(request, _("%(name)s is deleted.") % {"name": name})
        return redirect("metrics")
    context = {
        "name": name,
        "error": wrong,
        "consequences": [
            _("Its %(n)s series go, with all their history of up to two years. This cannot be undone.") % {"n": many},
            _("Rules and charts that name it will have no data."),
            _("A sample that is pushed under this name later begins it anew."),
        ],
    }
    return page(request, "monitoring/metric_delete.html", context, status=422 if wrong else 200)
