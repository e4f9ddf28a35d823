"""The parts of every chart: escaped elements, coordinates that are never wider than the data need, gaps."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

type Value = Decimal | int | float | None
type Points = list[tuple[float, float]]


def clean(values: Sequence[Value]) -> list[float | None]:
    """Plain floats for drawing; NaN and infinities are gaps."""
    out: list[float | None] = []
    for value in values:
        number = None if value is None else float(value)
        out.append(number if number is not None and math.isfinite(number) else None)
    return out


def n(value: float) -> str:
    """A coordinate: at most two decimals, no exponent, no negative zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


# Lines over the same steps have the same x: forty of them on a page.
_x = lru_cache(2048)(n)


def el(name: str, _body: str = "", **attributes: object) -> str:
    """An element; attribute values are escaped, `_` in a name is `-`, a trailing one is dropped."""
    said = "".join(
        f' {_name(key)}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value != ""
    )
    return f"<{name}{said}>{_body}</{name}>" if _body else f"<{name}{said}/>"


@lru_cache(256)
def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def text(content: object, **attributes: object) -> str:
    return el("text", html.escape(str(content)), **attributes)


def safe(markup: str) -> SafeString:
    """Markup whose every text went through `el` or `text`."""
    return mark_safe(markup)  # noqa: S308


def span(values: Iterable[float | None]) -> tuple[float, float] | None:
    """Lowest and highest known value; None when nothing is known."""
    seen = [value for value in values if value is not None]
    return (min(seen), max(seen)) if seen else None


def runs(
    values: Sequence[float | None],
    low: float,
    high: float,
    width: float,
    height: float,
    slots: int | None = None,
) -> list[Points]:
    """Unbroken runs of points; a missing value breaks the line. Equal values lie in the middle."""
    steps = max((slots or len(values)) - 1, 1)
    # Halves keep the difference finite between the largest and smallest floats.
    reach = high / 2 - low / 2
    out: list[Points] = []
    run: Points = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                out.append(run)
            run = []
            continue
        share = 0.5 if reach == 0 else (value / 2 - low / 2) / reach
        run.append((width * index / steps, height - share * height))
    return [*out, run] if run else out


def gaps(values: Sequence[float | None]) -> list[tuple[int, int]]:
    """First and last index of every run of missing values."""
    out: list[tuple[int, int]] = []
    start: int | None = None
    for index, value in enumerate([*values, 0.0]):
        if value is None and start is None:
            start = index
        elif value is not None and start is not None:
            out.append((start, index - 1))
            start = None
    return out


def path(points: Points) -> str:
    """M…L… of a run; a run of one point is a dot (a round cap on a line without length)."""
    if len(points) == 1:
        x, y = points[0]
        return f"M{n(x)} {n(y)}h0"
    return "M" + "L".join([f"{_x(x)} {n(y)}" for x, y in points])


def gap_rects(values: Sequence[float | None], y: float, height: float, slots: int | None = None) -> list[str]:
    """The hatch over what is not known, from the last known point to the next, in per cent of the width:
    inside a stretched drawing the hatch itself would stretch."""
    steps = max((slots or len(values)) - 1, 1)
    out = []
    for first, last in gaps(values):
        x0, x1 = max(first - 1, 0), min(last + 1, max(len(values) - 1, 1))
        share, width = (0.0, 100.0) if len(values) == 1 else (100 * x0 / steps, 100 * (x1 - x0) / steps)
        out.append(hatch(share, width, y, height))
    return out


def hatch(x: float, width: float, y: float, height: float) -> str:
    """A hatched field; x and width in per cent."""
    return el("rect", class_="plot-gap", x=f"{n(x)}%", y=n(y), width=f"{n(width)}%", height=n(height))


def stretched(inside: list[str], box: str, height: float, **attributes: object) -> str:
    """A drawing that fills its width: strokes do not scale."""
    return el(
        "svg",
        "".join(inside) or "<g/>",
        viewBox=box,
        preserveAspectRatio="none",
        width="100%",
        height=n(height),
        overflow="visible",
        **attributes,
    )


@dataclass(frozen=True)
class Mark:
    """A moment on the time axis: how far along it is in per cent, and what happened then."""

    at: float
    label: str
    bad: bool = False


def mark_lines(marks: Sequence[Mark], height: float) -> list[str]:
    """A dashed line at each moment; a pointer that rests on it reads the words."""
    return [
        el(
            "g",
            el("line", x1=f"{n(one.at)}%", x2=f"{n(one.at)}%", y1=0, y2=n(height))
            + el("circle", cx=f"{n(one.at)}%", cy=n(height), r=3)
            + el("title", html.escape(one.label)),
            class_="plot-mark bad" if one.bad else "plot-mark",
        )
        for one in marks
    ]


def boxes(css: str, rects: Sequence[tuple[float, float, float, float]]) -> str:
    """Many (x, y, width, height) of one class as one path: a tenth of the weight of as many elements."""
    if not rects:
        return ""
    d = "".join([f"M{n(x)} {n(y)}{_box(width, height)}" for x, y, width, height in rects])
    return el("path", class_=css, d=d)


@lru_cache(256)
def _box(width: float, height: float) -> str:
    return f"h{n(width)}v{n(height)}h{n(-width)}z"
