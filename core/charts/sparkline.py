from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from core.charts._svg import Value, clean, el, gap_rects, hatch, n, path, runs, safe, span, stretched

_PAD = 3


def sparkline(
    values: Sequence[Value],
    *,
    takeaway: str,
    ghost: Sequence[Value] | None = None,
    bad: bool = False,
    wide: bool = False,
    width: int = 104,
    height: int = 30,
) -> SafeString:
    """A small line without axes. `ghost` is the like-for-like period before, dashed. None is a hatched gap.

    With `wide` it fills its box: strokes stay as thick as they are. `takeaway` is the sentence that a
    screen reader says.
    """
    line, before = clean(values), clean(ghost or [])
    tall = height + 2 * _PAD
    reach = span([*line, *before])
    hatched: list[str] = []
    drawn: list[str] = []
    if reach is None:
        hatched.append(hatch(0, 100, _PAD, height))
    else:
        low, high = reach
        slots = max(len(line), len(before))
        hatched = gap_rects(line, 0, tall, slots)
        drawn = [el("path", class_="plot-ghost", d=path(r)) for r in runs(before, low, high, width, height, slots)]
        worse = " bad" if bad else ""
        lines = runs(line, low, high, width, height, slots)
        drawn += [el("path", class_=f"plot-line{worse}", d=path(run)) for run in lines]
        if lines:
            x, y = lines[-1][-1]
            drawn.append(el("path", class_=f"plot-dot{worse}", d=f"M{n(x)} {n(y)}h0"))
    return safe(
        el(
            "svg",
            "".join(hatched) + stretched(drawn, f"0 0 {width} {height}", height, y=_PAD),
            class_="spark wide" if wide else "spark",
            width=None if wide else width,
            height=tall,
            role="img",
            aria_label=takeaway,
        )
    )
