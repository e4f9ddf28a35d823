from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.utils.safestring import SafeString

from core.charts._svg import boxes, el, gaps, safe

Beat = Literal["ok", "degraded", "down", "maintenance"] | None

# A degraded beat is shorter, one that is down is cut in two, a maintenance is a dash: the difference shows without
# colour.
_SHAPES = {
    "ok": ("fill-ok", 0, 18),
    "degraded": ("fill-warning", 5, 13),
    "down": ("fill-critical", 0, 18),
    "maintenance": ("fill-ink", 7, 4),
}


def strip(beats: Sequence[Beat], *, takeaway: str, step: int = 6, height: int = 18, fluid: bool = False) -> SafeString:
    """One beat an interval, oldest first; None was not observed and is hatched. `fluid` fills the width it is given."""
    wide = step - 2
    inner = [
        boxes(
            css,
            [(i * step, top * height / 18, wide, tall * height / 18) for i, beat in enumerate(beats) if beat == kind],
        )
        for kind, (css, top, tall) in _SHAPES.items()
    ]
    notches = [(i * step, height / 2 - 1, wide, 2) for i, beat in enumerate(beats) if beat == "down"]
    inner.append(boxes("fill-notch", notches))
    for first, last in gaps([None if beat is None else 1.0 for beat in beats]):
        inner.append(el("rect", class_="plot-gap", x=first * step, width=(last - first + 1) * step - 2, height=height))
    width = max(len(beats) * step - 2, step)
    if not beats:
        inner.append(el("rect", class_="plot-gap", width=width, height=height))
    size: dict[str, object] = {"width": width, "height": height}
    if fluid:
        size = {"width": "100%", "height": height, "viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none"}
    return safe(el("svg", "".join(inner), class_="strip", **size, role="img", aria_label=takeaway))
