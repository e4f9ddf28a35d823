from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from core.charts._svg import Value, clean, el, n, safe, span, text

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
) -> SafeString:
    """Rows by columns, as dark as they are high between `low` and `high` (default: what is seen)."""
    cleaned = [clean(row.values) for row in rows]
    columns = max((len(values) for values in cleaned), default=0)
    found = span([value for values in cleaned for value in values]) or (0.0, 1.0)
    bottom = found[0] if low is None else low
    top = found[1] if high is None else high
    tall = max(len(rows), 1) * _ROW
    cells: list[str] = []
    words: list[str] = []
    for index, (row, values) in enumerate(zip(rows, cleaned, strict=True)):
        y = index * _ROW
        start: int | None = None
        for column, value in enumerate([*values, *[None] * (columns - len(values))]):
            if value is None:
                start = column if start is None else start
            if start is not None and (value is not None or column == columns - 1):
                last = column if value is None else column - 1
                cells.append(
                    el("rect", class_="plot-gap", x=start, y=y, width=last - start + 1, height=_ROW - 1)
                )
                start = None
            if value is not None:
                css = f"heat h{step_of(value, bottom, top)}"
                cells.append(el("rect", class_=css, x=n(column + 0.04), y=y, width=0.92, height=_ROW - 1))
        words.append(text(row.label, x=0, y=y + 11))
        if row.end:
            words.append(text(row.end, x="100%", y=y + 11, text_anchor="end", class_="bad" if row.bad else ""))
    if not columns:
        cells.append(el("rect", class_="plot-gap", width=1, height=tall))
    below = []
    for column, label in ticks:
        share = 100 * column / max(columns - 1, 1)
        anchor = "start" if share < 6 else "end" if share > 94 else "middle"
        below.append(text(label, x=f"{n(share)}%", y=tall + 14, text_anchor=anchor))
    plot = el(
        "svg",
        "".join(cells),
        viewBox=f"0 0 {max(columns, 1)} {tall}",
        preserveAspectRatio="none",
        width="100%",
        height=tall,
    )
    # The stylesheet leaves room for the words beside the cells: attributes cannot calculate.
    css = "heat-box"
    css += " names" if any(len(row.label) > 4 for row in rows) else ""
    css += " ends" if any(row.end for row in rows) else ""
    body = el("svg", plot + "".join(below), class_=css, overflow="visible") + "".join(words)
    room = 20 if ticks else 0
    return safe(el("svg", body, class_="wide", height=tall + room, role="img", aria_label=takeaway))
