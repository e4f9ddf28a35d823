from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.safestring import SafeString

from core.charts._scale import ticks_between
from core.charts._svg import Value, clean, el, gap_rects, n, path, runs, safe, span, stretched, text


def area(
    values: Sequence[Value],
    *,
    takeaway: str,
    ghost: Sequence[Value] | None = None,
    slots: int | None = None,
    ticks: Sequence[tuple[int, str]] = (),
    axis: Callable[[float], str] = "{:g}".format,
    now: str = "",
    limit: tuple[float, str] | None = None,
    from_zero: bool = True,
    bad: bool = False,
    height: int = 150,
) -> SafeString:
    """A line with its ground filled: the pace of a month, or a series over time.

    `slots` is the length of the whole period when `values` end before it; then a mark stands at the last
    known point, with the words `now`. `ghost` is the period before, dashed. `ticks` are (index, words)
    below; `axis` writes the values of the rules; `limit` a dashed threshold with its words. None is a
    hatched gap.
    """
    line, before = clean(values), clean(ghost or [])
    total = max(slots or 0, len(line), len(before), 1)
    label_room = 20 if ticks or now else 4
    reach = span([*line, *before, limit[0] if limit else None, 0.0 if from_zero else None])
    known = span([*line, *before])
    if known is None or reach is None:
        return safe(
            el(
                "svg",
                el("rect", class_="plot-gap", width="100%", height=height),
                class_="wide",
                height=height + label_room,
                role="img",
                aria_label=takeaway,
            )
        )
    rules = ticks_between(*reach)
    low, high = min(reach[0], rules[0]), max(reach[1], rules[-1])

    def y(value: float) -> float:
        half = high / 2 - low / 2
        return 100.0 if half == 0 else 100 - (value / 2 - low / 2) / half * 100

    drawn = runs(line, low, high, 100, 100, total)
    floor = y(min(max(0.0, low), high))
    worse = " bad" if bad else ""
    inner = [el("path", class_="plot-axis", d=f"M0 {n(y(rule))}h100") for rule in rules]
    for run in drawn:
        if len(run) > 1:
            ground = f"{path(run)}L{n(run[-1][0])} {n(floor)}L{n(run[0][0])} {n(floor)}z"
            inner.append(el("path", class_=f"plot-area{worse}", d=ground))
    inner += [el("path", class_="plot-ghost", d=path(run)) for run in runs(before, low, high, 100, 100, total)]
    inner += [el("path", class_=f"plot-line main{worse}", d=path(run)) for run in drawn]
    if limit:
        inner.append(el("path", class_="plot-limit", d=f"M0 {n(y(limit[0]))}h100"))
    words: list[str] = []
    if drawn:
        x, at = drawn[-1][-1]
        if now:
            inner.append(el("path", class_="plot-now", d=f"M{n(x)} 0v100"))
        inner.append(el("path", class_=f"plot-dot{worse}", d=f"M{n(x)} {n(at)}h0"))
        if now:
            words.append(text(now, class_="strong", x=f"{n(x)}%", y=height + 16, text_anchor=_anchor(x)))
    for rule in rules:
        if rule != rules[0] or low < 0:
            words.append(text(axis(rule), x=0, y=n(y(rule) / 100 * height - 4)))
    if limit:
        words.append(text(limit[1], class_="bad", x="100%", y=n(y(limit[0]) / 100 * height - 5), text_anchor="end"))
    mark = drawn[-1][-1][0] if drawn and now else None
    for index, label in ticks:
        at = 100 * index / max(total - 1, 1)
        # The words at now win over a tick beside them.
        if mark is None or abs(at - mark) > 8:
            words.append(text(label, x=f"{n(at)}%", y=height + 16, text_anchor=_anchor(at)))
    # A gap ends where the data end: what has not happened yet is not unknown.
    hatched = "".join(gap_rects(line, 0, height, total))
    plot = stretched(inner, "0 0 100 100", height)
    return safe(
        el(
            "svg",
            hatched + plot + "".join(words),
            class_="wide",
            height=height + label_room,
            role="img",
            aria_label=takeaway,
        )
    )


def _anchor(x: float) -> str:
    return "start" if x < 6 else "end" if x > 94 else "middle"
