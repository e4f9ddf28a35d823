"""The page's figures as CSV."""

from __future__ import annotations

import csv
import io

from django.http import HttpResponse

from core import metrics
from core.metrics import UnknownMetric
from core.spreadsheets import guarded
from executive.figures import FIELDS
from executive.queries import Board
from executive.trends import plain, unit_of


def board_csv(board: Board) -> HttpResponse:
    """One row a figure: group, name, label, value, unit, base, instant. Unknown is empty."""
    asked, out = board.asked, io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["scope", "group", "figure", "label", "value", "unit", "base", "base_at", "as_of"])
    for name, field in FIELDS.items():
        unit = unit_of(name)
        try:
            label = metrics.get(name).label
        except UnknownMetric:
            label = field.label
        value = board.values.get(name)
        base = value.base if value else None
        writer.writerow(
            [
                guarded(asked.agency.slug) if asked.agency else "global",
                field.group,
                name,
                guarded(str(label)),
                _cell(plain(board.readings[name].value, unit)),
                asked.currency if unit == "money" else unit,
                _cell(plain(base, unit)),
                value.base_at.isoformat() if value and value.base_at and base is not None else "",
                board.readings[name].as_of.isoformat(),
            ]
        )
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    scope = asked.agency.slug if asked.agency else "global"
    name = f"executive-{scope}-{asked.moment.day}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cell(value: str | float | None) -> str:
    return "" if value is None else str(value)
