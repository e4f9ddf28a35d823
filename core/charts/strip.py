from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.utils.safestring import SafeString

from core.charts._svg import el, safe

Beat = Literal["ok", "degraded", "down"] | None

# A degraded beat is shorter, one that is down leaves the floor: the difference shows without colour.
_SHAPES = {"ok": ("fill-ok", 0, 18), "degraded": ("fill-warning", 5, 13), "down": ("fill-critical", 0, 18)}


def strip(beats: Sequence[Beat], *, takeaway: str, step: int = 6, height: int = 18) -> SafeString:
    """One beat an interval, oldest first; None was not observed and is hatched."""
    inner: list[str] = []
    start: int | None = None
    for index, beat in enumerate([*beats, "end"]):
        if beat is None:
            start = index if start is None else start
            continue
        if start is not None:
            inner.append(
                el("rect", class_="plot-gap", x=start * step, width=(index - start) * step - 2, height=height)
            )
            start = None
        if beat == "end":
            break
        css, top, tall = _SHAPES[beat]
        inner.append(
            el(
                "rect",
                class_=css,
                x=index * step,
                y=top * height // 18,
                width=step - 2,
                height=tall * height // 18,
                rx=1,
            )
        )
        if beat == "down":
            inner.append(
                el("rect", class_="fill-notch", x=index * step, y=height // 2 - 1, width=step - 2, height=2)
            )
    width = max(len(beats) * step - 2, step)
    if not beats:
        inner.append(el("rect", class_="plot-gap", width=width, height=height))
    return safe(
        el("svg", "".join(inner), class_="strip", width=width, height=height, role="img", aria_label=takeaway)
    )
