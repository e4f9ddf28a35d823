from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from core.charts._svg import Value, clean, el, gap_rects, n, path, runs, safe, span

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
    size: dict[str, object] = (
        {"class_": "spark wide", "preserveAspectRatio": "none", "height": height + 2 * _PAD}
        if wide
        else {"class_": "spark", "width": width + 2 * _PAD, "height": height + 2 * _PAD}
    )
    inside: list[str] = []
    reach = span([*line, *before])
    if reach is None:
        inside.append(el("rect", class_="plot-gap", width=width, height=height))
    else:
        low, high = reach
        slots = max(len(line), len(before))
        inside += [el("path", class_="plot-ghost", d=path(r)) for r in runs(before, low, high, width, height, slots)]
        inside += gap_rects(line, width, -2, height + 4, slots)
        drawn = runs(line, low, high, width, height, slots)
        worse = " bad" if bad else ""
        inside += [el("path", class_=f"plot-line{worse}", d=path(run)) for run in drawn]
        if drawn:
            x, y = drawn[-1][-1]
            inside.append(el("path", class_=f"plot-dot{worse}", d=f"M{n(x)} {n(y)}h0"))
    return safe(
        el(
            "svg",
            "".join(inside),
            viewBox=f"{-_PAD} {-_PAD} {width + 2 * _PAD} {height + 2 * _PAD}",
            role="img",
            aria_label=takeaway,
            **size,
        )
    )
