from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from core.charts._svg import Mark, Value, boxes, clean, el, gaps, hatch, mark_lines, n, safe, span, stretched, text

_STEPS = 10
_ROW = 15


@dataclass(frozen=True)
class HeatRow:
    """One row of cells, oldest first; None is hatched. `end` is written after it ("44 %"), `bad` marks it."""

    label: str
    values: Sequence[Value]
    end: str = ""
    bad: bool = False


def step_of(value: float, low: float, high: float) -> int:
    """0 to 9: which of the ramp's ten steps."""
    half = high / 2 - low / 2
    if half <= 0:
        return 0
    return min(_STEPS - 1, max(0, int((value / 2 - low / 2) / half * _STEPS)))


def heat(
    rows: Sequence[HeatRow],
    *,
    takeaway: str,
    low: float | None = None,
    high: float | None = None,
    ticks: Sequence[tuple[int, str]] = (),
    marks: Sequence[Mark] = (),
) -> SafeString:
    """Rows by columns, as dark as they are high between `low` and `high` (default: what is seen). `marks` are
    moments in per cent of the width."""
    cleaned = [clean(row.values) for row in rows]
    columns = max((len(values) for values in cleaned), default=0)
    found = span([value for values in cleaned for value in values]) or (0.0, 1.0)
    bottom = found[0] if low is None else low
    top = found[1] if high is None else high
    tall = max(len(rows), 1) * _ROW
    shades: list[list[tuple[float, float, float, float]]] = [[] for _step in range(_STEPS)]
    hatched: list[str] = []
    starts: list[str] = []
    ends: list[str] = []
    for index, (row, values) in enumerate(zip(rows, cleaned, strict=True)):
        y = index * _ROW
        whole = [*values, *[None] * (columns - len(values))]
        for first, last in gaps(whole):
            share = 100 / max(columns, 1)
            hatched.append(hatch(share * first, share * (last - first + 1), y, _ROW - 1))
        for column, value in enumerate(whole):
            if value is not None:
                shades[step_of(value, bottom, top)].append((column + 0.04, y, 0.92, _ROW - 1))
        starts.append(text(row.label, x=0, y=y + 11))
        ends.append(text(row.end, x="100%", y=y + 11, text_anchor="end", class_="bad" if row.bad else ""))
    if not columns:
        hatched.append(hatch(0, 100, 0, tall))
    below = []
    for column, label in ticks:
        share = 100 * column / max(columns - 1, 1)
        anchor = "start" if share < 6 else "end" if share > 94 else "middle"
        below.append(text(label, x=f"{n(share)}%", y=tall + 14, text_anchor=anchor))
    cells = [boxes(f"heat h{index}", rects) for index, rects in enumerate(shades)]
    plot = "".join(hatched) + stretched(cells, f"0 0 {max(columns, 1)} {tall}", tall) + "".join(mark_lines(marks, tall))
    height = tall + (20 if ticks else 0)
    # Words keep their own columns, so that only the cells stretch.
    body = _side(starts, [row.label for row in rows], height)
    body += el("svg", plot + "".join(below), class_="wide", height=height)
    if any(row.end for row in rows):
        body += _side(ends, [row.end for row in rows], height)
    return safe(el("div", body, class_="heat-map", role="img", aria_label=takeaway))


def _side(words: list[str], labels: list[str], height: int) -> str:
    # Seven pixels a letter: the widest of the face at 11 px.
    width = max((len(label) for label in labels), default=1) * 7
    return el("svg", "".join(words), width=width, height=height)
