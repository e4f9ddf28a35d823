"""Figures as people of each language write them; what is unknown is never 0."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from core import formats

S = "\u00a0"
SAO_PAULO = zoneinfo.ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def pt() -> Iterator[None]:
    with translation.override("pt-br"), timezone.override(SAO_PAULO):
        yield


@pytest.fixture
def en() -> Iterator[None]:
    with translation.override("en"), timezone.override(SAO_PAULO):
        yield


@pytest.mark.usefixtures("pt")
def test_money_in_portuguese() -> None:
    assert formats.money(Decimal("1234.56")) == f"R${S}1.234,56"
    assert formats.money(Decimal("-0.005")) == f"R${S}0,00"
    assert formats.money(Decimal("-1234567.8")) == f"−R${S}1.234.567,80"
    assert formats.money(0) == f"R${S}0,00"
    assert formats.money(Decimal("12"), "JPY") == f"JPY{S}12"
    assert formats.money_html(Decimal("1234.5")) == f"<small>R$</small>{S}1.234<small>,50</small>"


@pytest.mark.usefixtures("en")
def test_money_in_english() -> None:
    assert formats.money(Decimal("1234.56")) == "R$1,234.56"
    assert formats.money(Decimal("5"), "CHF") == f"CHF{S}5.00"
    assert formats.money_html(Decimal("-0.5"), "USD") == "−<small>US$</small>0<small>.50</small>"


@pytest.mark.usefixtures("pt")
def test_money_keeps_every_cent_of_amounts_that_no_float_holds() -> None:
    assert formats.money(Decimal("12345678901234567.89")) == f"R${S}12.345.678.901.234.567,89"


@pytest.mark.usefixtures("pt")
def test_money_is_never_a_float() -> None:
    with pytest.raises(TypeError):
        formats.figure(1.5, "money")


@pytest.mark.usefixtures("pt")
def test_the_unknown_is_a_dash_or_words_never_zero() -> None:
    for write in (
        formats.number,
        formats.percent,
        formats.money,
        formats.money_html,
        formats.compact,
        formats.size,
        formats.milliseconds,
        formats.duration,
        formats.ago,
        formats.clock,
        formats.day,
        formats.moment,
        formats.when,
        formats.month,
        formats.as_of,
        formats.signed,
    ):
        assert write(None) == "—"
    assert formats.number(float("nan")) == "—"
    assert formats.percent(float("inf")) == "—"
    assert formats.figure(None, "money") == "sem dados"


@pytest.mark.usefixtures("pt")
def test_numbers_and_percentages_in_portuguese() -> None:
    assert formats.number(1234567) == "1.234.567"
    assert formats.number(Decimal("-2.45"), 1) == "−2,4"
    assert formats.signed(Decimal("3.2")) == "+3,2"
    assert formats.signed(0) == "0"
    assert formats.percent(8.4) == f"8,4{S}%"
    assert formats.percent(99.94, 2) == f"99,94{S}%"


@pytest.mark.usefixtures("en")
def test_numbers_and_percentages_in_english() -> None:
    assert formats.number(1234567.5) == "1,234,567.5"
    assert formats.percent(Decimal("8.4")) == "8.4%"


@pytest.mark.usefixtures("pt")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1500, f"1,5{S}mil"),
        (999_950, f"1{S}mi"),
        (1_500_000, f"1,5{S}mi"),
        (860_000, f"860{S}mil"),
        (2_000_000_000, f"2{S}bi"),
        (-1_250_000, f"−1,2{S}mi"),
        (1_030_000, f"1{S}mi"),
        (12.34, "12,3"),
    ],
)
def test_axes_are_written_short(value: float, text: str) -> None:
    assert formats.compact(value) == text


@pytest.mark.usefixtures("pt")
def test_short_money_carries_its_sign_first() -> None:
    assert formats.compact(Decimal("-1500000"), "BRL") == f"−R${S}1,5{S}mi"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, f"0{S}s"),
        (0.25, f"0,2{S}s"),
        (59, f"59{S}s"),
        (65, f"1{S}min{S}05{S}s"),
        (1085, f"18{S}min{S}05{S}s"),
        (3600, f"1{S}h"),
        (205_200, f"2{S}d{S}9{S}h"),
        (-65, f"−1{S}min{S}05{S}s"),
    ],
)
@pytest.mark.usefixtures("pt")
def test_durations_have_at_most_two_units(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.usefixtures("pt")
def test_ages_in_portuguese() -> None:
    now = dt.datetime(2026, 11, 24, 17, 2, tzinfo=dt.UTC)
    assert formats.ago(now - dt.timedelta(minutes=12), now) == f"há 12{S}min"
    assert formats.ago(now + dt.timedelta(days=4), now) == f"em 4{S}d"
    assert formats.ago(now, now) == "agora"


@pytest.mark.usefixtures("pt")
def test_as_of_says_the_hour_today_and_the_day_before() -> None:
    now = dt.datetime(2026, 11, 24, 17, 2, tzinfo=dt.UTC)
    assert formats.as_of(now, now) == "às 14:02"
    # 01:30 UTC is still the 23rd in São Paulo.
    assert formats.as_of(dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC), now) == "em 23/11"
    assert formats.as_of(dt.datetime(2025, 12, 31, 15, tzinfo=dt.UTC), now) == "em 31/12/2025"


@pytest.mark.usefixtures("en")
def test_english_dates_name_the_month() -> None:
    now = dt.datetime(2026, 11, 24, 17, 2, tzinfo=dt.UTC)
    assert formats.day(now) == f"24{S}Nov{S}2026"
    assert formats.as_of(now - dt.timedelta(days=1), now) == f"on 23{S}Nov"


@pytest.mark.usefixtures("pt")
def test_a_figure_has_a_small_unit() -> None:
    assert formats.figure(Decimal("1.9"), "percent") == f"1,9<small>{S}%</small>"
    assert formats.figure(1085, "duration") == f"18<small>{S}min</small>{S}05<small>{S}s</small>"
    assert formats.figure(48, "ms") == f"48<small>{S}ms</small>"
    assert formats.figure(82, unit="<b>") == f"82<small>{S}&lt;b&gt;</small>"
    assert formats.figure(49_069_150_208, "bytes") == f"45,7<small>{S}GB</small>"
