"""What the modules of this package share: windows, rows and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from core.metrics import Point, Where

WINDOW = dt.timedelta(minutes=60)


def decimal(value: float | Decimal | None, places: int = 2) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-places))


def rows(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def days(first: dt.date, last: dt.date, values: Iterable[tuple[dt.date, Any]], places: int) -> list[Point]:
    by_day = dict(values)
    span = (last - first).days + 1
    days = (first + dt.timedelta(days=number) for number in range(max(0, span)))
    return [Point(day, decimal(by_day.get(day), places)) for day in days]


def bounds(where: Where, first: dt.date, last: dt.date) -> list[Any]:
    following = last + dt.timedelta(days=1)
    return [f"{first} 00:00", where.zone, f"{following} 00:00", where.zone]
