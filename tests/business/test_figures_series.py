"""A point of a trend is the figure as of the end of its day, and kept facts tell the same as rows."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from business import figures
from business.figures.definitions import FIGURES
from business.figures.facts import refresh
from business.figures.moments import Moment
from business.figures.series import series
from business.models import StaleClient
from core.metrics import Where
from tests.business.factories import make_agency
from tests.business.scene import fill

pytestmark = pytest.mark.django_db

# Months of different lengths, and the two days on which São Paulo's clocks changed.
DAYS = [
    dt.date(2017, 10, 14),
    dt.date(2017, 10, 15),
    dt.date(2017, 12, 31),
    dt.date(2018, 1, 1),
    dt.date(2018, 2, 17),
    dt.date(2018, 2, 18),
    dt.date(2018, 2, 28),
    dt.date(2018, 3, 29),
    dt.date(2018, 3, 31),
    # 90 days after the clocks went back.
    dt.date(2018, 5, 17),
    dt.date(2018, 5, 18),
]


def values(where: Where, day: dt.date) -> dict[str, object]:
    moment = Moment.end_of_day(day, where.zone, timezone.now())
    return {name: value.value for name, value in figures.read(where, moment, FIGURES).total.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "America/Manaus", "Europe/Lisbon"])
def test_each_point_is_the_figure_of_its_day(seed: int, zone: str) -> None:
    agency = make_agency(timezone=zone)
    fill(agency, seed)
    where = Where((agency.pk,), zone)
    found = {day: values(where, day) for day in DAYS}
    for name in FIGURES:
        points = {point.at: point.value for point in series(where, name, dt.date(2017, 10, 1), DAYS[-1])}
        assert {day: points[day] for day in DAYS} == {day: found[day][name] for day in DAYS}, name


@pytest.mark.parametrize("seed", [4, 5])
def test_kept_facts_change_no_figure(seed: int) -> None:
    agency = make_agency()
    fill(agency, seed)
    where = Where(None, "America/Sao_Paulo")
    before = [values(where, day) for day in DAYS]
    assert StaleClient.objects.exists()
    assert refresh() > 0
    assert not StaleClient.objects.exists()
    assert [values(where, day) for day in DAYS] == before


def test_a_change_after_a_refresh_is_seen_at_once() -> None:
    agency = make_agency()
    fill(agency, 6)
    refresh()
    fill(agency, 7)
    where = Where(None, "America/Sao_Paulo")
    before = [values(where, day) for day in DAYS]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE business_payment SET client_id = NULL WHERE id % 3 = 0")
        cursor.execute("DELETE FROM business_contractchange")
        cursor.execute("DELETE FROM business_contract WHERE id % 3 = 0")
        cursor.execute("UPDATE business_project SET status = 'active' WHERE id % 4 = 0")
    changed = [values(where, day) for day in DAYS]
    assert changed != before
    refresh()
    assert [values(where, day) for day in DAYS] == changed


def test_the_group_is_counted_in_its_own_zone() -> None:
    agencies = [make_agency(timezone=zone) for zone in ("America/Manaus", "Europe/Lisbon")]
    for number, agency in enumerate(agencies):
        fill(agency, number)
    where = Where(None, "America/Sao_Paulo")
    for name in FIGURES:
        points = {p.at: p.value for p in series(where, name, dt.date(2017, 11, 1), DAYS[-1])}
        for day in DAYS[2:]:
            assert points[day] == values(where, day)[name], (name, day)


def test_days_to_come_have_no_value() -> None:
    agency = make_agency()
    fill(agency, 1)
    today = timezone.now().astimezone(ZoneInfo(agency.timezone)).date()
    where = Where((agency.pk,), agency.timezone)
    for name in FIGURES:
        points = series(where, name, today, today + dt.timedelta(days=1))
        assert points[1].value is None
        now = figures.read(where, Moment(timezone.now(), where.zone, live=True), [name]).total[name]
        assert points[0].value == now.value, name
