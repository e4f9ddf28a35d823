"""`/monitoring/endpoints`: sorted, filtered and paged in memory, since percentiles are known only there."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import formats
from core.pages.listing import Head, ListingError
from core.pages.parts import Change
from monitoring.requests.queries import EndpointRow
from monitoring.windows import Window

PER_PAGE = 100
KINDS = ("request", "task")


@dataclass(frozen=True)
class Column:
    """A column and the value that it sorts by; None sorts last either way."""

    key: str
    label: str | Promise
    value: Callable[[EndpointRow], Any]
    numeric: bool = True
    css: str = ""


COLUMNS = (
    Column("route", gettext_lazy("Route"), lambda row: row.route, numeric=False),
    Column("method", gettext_lazy("Method"), lambda row: row.method, numeric=False),
    Column("requests", gettext_lazy("Requests"), lambda row: row.now.count),
    Column("errors", gettext_lazy("5xx"), lambda row: row.now.error_pct),
    Column("refused", gettext_lazy("4xx"), lambda row: row.now.refused_pct),
    Column("mean", gettext_lazy("Mean"), lambda row: row.now.mean_ms, css="wide-only"),
    Column("p50", gettext_lazy("p50"), lambda row: row.now.p50_ms),
    Column("p95", gettext_lazy("p95"), lambda row: row.now.p95_ms),
    Column("p99", gettext_lazy("p99"), lambda row: row.now.p99_ms),
    Column("max", gettext_lazy("Longest"), lambda row: row.now.max_ms, css="wide-only"),
)
_BY_KEY = {column.key: column for column in COLUMNS}
_TASK_LABELS = {
    "route": gettext_lazy("Task"),
    "requests": gettext_lazy("Runs"),
    "refused": gettext_lazy("Revoked"),
    "errors": gettext_lazy("Failed"),
}
DEFAULT_SORT = "-p95"


@dataclass(frozen=True)
class Asked:
    """What the address asks of the table."""

    window: Window
    kind: str
    q: str
    sort: str
    number: int
    csv: bool

    @property
    def column(self) -> Column:
        return _BY_KEY[self.sort.removeprefix("-")]

    def href(self, **changes: str | None) -> str:
        """This table, changed; a new sort or filter starts at the top."""
        params: dict[str, str | None] = {
            **self.window.params,
            "kind": self.kind if self.kind != KINDS[0] else None,
            "q": self.q or None,
            "sort": self.sort if self.sort != DEFAULT_SORT else None,
            **changes,
        }
        return f"{reverse('endpoints')}?{urlencode({key: value for key, value in params.items() if value})}"

    @property
    def others(self) -> dict[str, str]:
        """The parameters beside the window."""
        chosen = {"kind": self.kind if self.kind != KINDS[0] else "", "q": self.q}
        chosen["sort"] = self.sort if self.sort != DEFAULT_SORT else ""
        return {key: value for key, value in chosen.items() if value}


def parse(request: HttpRequest, window: Window) -> Asked:
    """Raises ListingError."""
    got = request.GET.get
    kind, sort, number = got("kind", "") or KINDS[0], got("sort", "") or DEFAULT_SORT, got("page", "") or "1"
    if kind not in KINDS:
        raise ListingError(_("There are requests and tasks."))
    if sort.removeprefix("-") not in _BY_KEY:
        raise ListingError(_("This table does not sort by %(column)s.") % {"column": sort[:40]})
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= 1000):
        raise ListingError(_("There is no such page."))
    return Asked(window, kind, got("q", "").strip()[:200], sort, int(number), got("format") == "csv")


def arranged(rows: Sequence[EndpointRow], asked: Asked) -> list[EndpointRow]:
    """The rows that have the words, in the order asked for."""
    words = asked.q.lower().split()
    found = [row for row in rows if all(word in f"{row.method} {row.route}".lower() for word in words)]
    value = asked.column.value
    known = [row for row in found if value(row) is not None]
    known.sort(key=value, reverse=asked.sort.startswith("-"))
    return known + [row for row in found if value(row) is None]


def heads(asked: Asked) -> list[Head]:
    out = []
    for column in COLUMNS:
        if column.key == "method" and asked.kind == "task":
            continue
        here, descending = asked.column is column, asked.sort.startswith("-")
        other = f"-{column.key}" if (not descending if here else column.numeric) else column.key
        state: Literal["", "ascending", "descending"] = "" if not here else "descending" if descending else "ascending"
        label = _TASK_LABELS.get(column.key, column.label) if asked.kind == "task" else column.label
        css = f"{'num ' if column.numeric else ''}{column.css}".strip()
        out.append(Head(column.key, label, css, asked.href(sort=other), state))
    return out


def change(row: EndpointRow) -> Change | None:
    """How p95 changed since the window before; None where either is not known, or where it moved by one slot
    of the histogram at most (9 %), which says nothing."""
    before = row.before.p95_ms if row.before else None
    if row.now.p95_ms is None or not before:
        return None
    share = 100 * (row.now.p95_ms - before) / before
    if abs(share) < 10:
        return None
    base = _("from %(base)s") % {"base": formats.milliseconds(before)}
    return Change("up" if share > 0 else "down", formats.percent(abs(share), 0), base, share > 0)


def as_csv(rows: Sequence[EndpointRow]) -> bytes:
    """Every row with every figure. A cell that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    measured = [column for column in COLUMNS if column.numeric]
    writer.writerow(["method", "route", *(column.key for column in measured), "requests_before", "p95_before"])
    for row in rows:
        route = f"'{row.route}" if row.route[:1] in "=+-@\t\r" else row.route
        cells = [column.value(row) for column in measured]
        before = [row.before.count, row.before.p95_ms] if row.before else [None, None]
        written = [f"{cell:.3f}" if isinstance(cell, float) else cell for cell in (*cells, *before)]
        writer.writerow([row.method, route, *written])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
