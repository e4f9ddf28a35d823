"""The rows of a figure, all pages of them, make the figure again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from business import figures
from business.figures.definitions import FIGURES
from business.figures.facts import refresh
from business.figures.measures import added
from business.figures.moments import Moment
from business.figures.rows import Row, rows
from core.metrics import Where
from tests.business.factories import make_agency
from tests.business.scene import fill

pytestmark = pytest.mark.django_db


def all_rows(where: Where, moment: Moment, name: str) -> list[Row]:
    found: list[Row] = []
    while page := rows(where, moment, name, after=found[-1].key if found else None, limit=3):
        found += page
    return found


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("day", [dt.date(2017, 10, 31), dt.date(2018, 2, 18), dt.date(2018, 3, 31), None])
@pytest.mark.parametrize("kept", [False, True])
def test_the_rows_add_up_to_the_figure(name: str, day: dt.date | None, kept: bool) -> None:
    for number, zone in enumerate(("America/Sao_Paulo", "Europe/Lisbon")):
        fill(make_agency(timezone=zone), number, clients=6)
    if kept:
        refresh()
    where = Where(None, "America/Sao_Paulo")
    now = timezone.now()
    moment = Moment.end_of_day(day, where.zone, now) if day else Moment(now, where.zone, live=True)
    value = figures.read(where, moment, [name]).total[name]
    found = all_rows(where, moment, name)
    assert len({row.key for row in found}) == len(found)
    sums = added(row.sums for row in found if not row.of_base)
    base = added(row.sums for row in found if row.of_base)
    if value.value is None:
        assert not found or FIGURES[name].compute(sums, base) is None
    else:
        assert FIGURES[name].compute(sums, base) == value.value
