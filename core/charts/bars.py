from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString

from core.charts._svg import Value, clean, el, hatch, n, safe, stretched, text

Tone = Literal["accent", "ink", "warning", "critical"]


@dataclass(frozen=True)
class Bar:
    """One bar; `value` None is hatched. `label` is written below when there is room."""

    label: str
    value: Value
    tone: Tone = "accent"


def bars(items: Sequence[Bar], *, takeaway: str, height: int = 96, labels: bool = True) -> SafeString:
    """Upright bars from a common floor at 0; negative ones hang below it."""
    values = clean([item.value for item in items])
    seen = [value for value in values if value is not None]
    low, high = min([0.0, *seen]), max([0.0, *seen])
    half = high / 2 - low / 2
    count = max(len(items), 1)

    def y(value: float) -> float:
        return 100.0 if half == 0 else 100 - (value / 2 - low / 2) / half * 100

    inner: list[str] = []
    words: list[str] = []
    hatched: list[str] = []
    step = 100 / count
    wide = step * (0.72 if count > 1 else 0.3)
    for index, (item, value) in enumerate(zip(items, values, strict=True)):
        x = step * index + (step - wide) / 2
        if value is None:
            hatched.append(hatch(x, wide, 0, height))
        else:
            top, bottom = sorted((y(value), y(0.0)))
            inner.append(
                el(
                    "rect",
                    class_=f"fill-{item.tone}",
                    x=n(x),
                    y=n(top),
                    width=n(wide),
                    height=n(max(bottom - top, 0.6)),
                )
            )
        every = -(-count // 12)
        if labels and index % every == 0:
            words.append(text(item.label, x=f"{n(x + wide / 2)}%", y=height + 15, text_anchor="middle"))
    if not items:
        hatched.append(hatch(0, 100, 0, height))
    inner.append(el("path", class_="plot-axis", d=f"M0 {n(y(0.0))}h100"))
    plot = stretched(inner, "0 0 100 100", height)
    return safe(
        el(
            "svg",
            "".join(hatched) + plot + "".join(words),
            class_="wide",
            height=height + (20 if labels else 2),
            role="img",
            aria_label=takeaway,
        )
    )
