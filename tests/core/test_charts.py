"""Charts: gaps stay gaps, nothing breaks on strange data, and no text is markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from core import charts

type Values = Sequence[float | Decimal | None]

STRANGE: list[Values] = [
    [],
    [None],
    [None, None, None],
    [5],
    [5, 5, 5],
    [0, 0],
    [-3, -1, -2],
    [-3, 4, None, 1],
    [1e308, -1e308, 0],
    [1e-300, 2e-300],
    [Decimal("1234567890123456789.01"), Decimal("-0.01")],
    [float("nan"), 1, float("inf")],
    [None, 1, None, 2, None],
]


def _drawings(values: Values) -> list[Callable[[], str]]:
    return [
        lambda: charts.sparkline(values, takeaway="t"),
        lambda: charts.sparkline(values, takeaway="t", ghost=[*values, 3], wide=True, bad=True),
        lambda: charts.area(values, takeaway="t", now="now", slots=31, ticks=[(0, "1"), (30, "31")]),
        lambda: charts.area(values, takeaway="t", ghost=values, limit=(3, "limit"), from_zero=False),
        lambda: charts.bars([charts.Bar("b", value) for value in values], takeaway="t"),
        lambda: charts.heat(
            [charts.HeatRow("r", values, "end"), charts.HeatRow("s", [1])], takeaway="t", ticks=[(0, "x")]
        ),
    ]


@pytest.mark.parametrize("values", STRANGE, ids=str)
def test_any_data_make_a_well_formed_drawing_without_nonsense_numbers(values: Values) -> None:
    for draw in _drawings(values):
        markup = draw()
        root = ET.fromstring(markup)
        assert root.get("role") == "img"
        assert root.get("aria-label") == "t"
        for element in root.iter():
            assert "style" not in element.attrib
            for name in ("d", "x", "y", "width", "height", "points"):
                value = element.get(name, "")
                assert not re.search(r"nan|inf|e[+-]?\d", value, re.I), (name, value)
                if name in ("width", "height"):
                    assert not value.startswith("-"), markup


def test_unknown_data_are_hatched_and_never_drawn_as_zero() -> None:
    for markup in (
        charts.sparkline([None, None], takeaway="t"),
        charts.area([], takeaway="t"),
        charts.bars([charts.Bar("b", None)], takeaway="t"),
        charts.heat([charts.HeatRow("r", [None, None])], takeaway="t"),
        charts.strip([], takeaway="t"),
    ):
        assert "plot-gap" in markup
        assert "plot-line" not in markup
        assert "fill-accent" not in markup


def test_a_gap_breaks_the_line_into_two() -> None:
    markup = charts.sparkline([1, 2, None, 4, 5], takeaway="t")
    assert markup.count('class="plot-line"') == 2
    assert markup.count("plot-gap") == 1


def test_what_has_not_happened_yet_is_not_a_gap() -> None:
    assert "plot-gap" not in charts.area([1, 2, 3], takeaway="t", slots=31, now="now")


def test_one_point_is_a_dot() -> None:
    assert 'd="M0 15h0"' in charts.sparkline([7], takeaway="t")


def test_every_text_is_escaped() -> None:
    evil = "<script>\"&'"
    drawings = [
        charts.sparkline([1], takeaway=evil),
        charts.area([1, 2], takeaway=evil, now=evil, ticks=[(0, evil)], axis=lambda _v: evil, limit=(1, evil)),
        charts.bars([charts.Bar(evil, 1)], takeaway=evil),
        charts.strip(["ok"], takeaway=evil),
        charts.heat([charts.HeatRow(evil, [1], evil)], takeaway=evil, ticks=[(0, evil)]),
        charts.waterfall(
            [charts.Step(evil, Decimal(1), "balance", evil, evil, evil)],
            caption=evil,
            head=(evil, evil, evil),
        ),
        charts.cohorts([charts.Cohort(evil, evil, [(1, evil)])], caption=evil, head=(evil, evil)),
        charts.data_table(evil, [evil], [[evil]]),
    ]
    for markup in drawings:
        assert "<script" not in markup
        assert "&lt;script&gt;" in markup


def test_beats_differ_by_shape_and_unobserved_time_is_one_hatch() -> None:
    markup = charts.strip(["ok", "degraded", "down", None, None, "ok"], takeaway="t")
    heights = {
        css: re.findall(rf'class="{css}" d="[^"]*v(\d+)', markup)
        for css in ("fill-ok", "fill-warning", "fill-critical")
    }
    assert heights == {"fill-ok": ["18"], "fill-warning": ["13"], "fill-critical": ["18"]}
    assert "fill-notch" in markup
    assert markup.count("plot-gap") == 1


def _steps(opening: str, *moves: tuple[charts.StepRole, str]) -> list[charts.Step]:
    steps = [charts.Step("opening", Decimal(opening), "balance", opening)]
    return steps + [charts.Step(role, Decimal(value), role, value) for role, value in moves]


def test_a_waterfall_is_a_table_whose_axis_is_cut_only_far_from_zero() -> None:
    far = _steps("893720", ("in", "41300"), ("out", "16900"))
    assert 0 < charts.axis_start(far) < Decimal("876820")
    near = _steps("100", ("in", "900"))
    assert charts.axis_start(near) == 0
    markup = charts.waterfall(far, caption="MRR", head=("Movement", "Amount", "Of"))
    table = ET.fromstring(markup)
    assert table.tag == "table"
    assert len(table.findall(".//tbody/tr")) == 3
    assert "fill-hollow" in markup


def test_a_waterfall_of_nothing_and_of_unknown_steps_is_drawn() -> None:
    ET.fromstring(charts.waterfall([], caption="c"))
    unknown = charts.waterfall([charts.Step("new", None, "in", "no data")], caption="c")
    assert "plot-gap" in unknown
    ET.fromstring(charts.waterfall(_steps("0", ("in", "0")), caption="c"))
    ET.fromstring(charts.waterfall(_steps("10", ("out", "25")), caption="c"))


def test_the_data_of_a_chart_can_be_read_as_a_table_and_its_cut_is_said() -> None:
    markup = charts.data_table("Revenue", ["Day", "R$"], [[str(day), "1"] for day in range(300)])
    assert markup.count("<tr>") == 201
    assert "200" in markup.split("</div>")[-1]


def test_cohort_shading_follows_the_share() -> None:
    markup = charts.cohorts(
        [charts.Cohort("jan", "10", [(100, "100"), (55, "55"), None]), charts.Cohort("feb", "9", [(0, "0")])],
        caption="c",
        head=("First", "n"),
    )
    assert 'class="heat h9">100' in markup
    assert 'class="heat h5">55' in markup
    assert 'class="heat h0">0' in markup
    assert 'class="hatched"' in markup
