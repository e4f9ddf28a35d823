from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.safestring import SafeString

from core.charts._scale import ticks_between
from core.charts._svg import Mark, Value, clean, el, gap_rects, mark_lines, n, path, runs, safe, span, stretched, text


def lines(
    series: Sequence[Sequence[Value]],
    *,
    takeaway: str,
    main: int | None = 0,
    ticks: Sequence[tuple[int, str]] = (),
    axis: Callable[[float], str] = "{:g}".format,
    marks: Sequence[Mark] = (),
    from_zero: bool = True,
    height: int = 240,
) -> SafeString:
    """Several lines over the same steps. `main` is the one that is inked; the others lie behind it in grey.

    `ticks` are (index, words) below, `axis` writes the rules, `marks` are moments in per cent of the width. Time
    in which no line has a value is hatched.
    """
    cleaned = [clean(values) for values in series]
    total = max((len(values) for values in cleaned), default=0)
    known = span([value for values in cleaned for value in values])
    room = 20 if ticks else 4
    if known is None:
        hatched = [el("rect", class_="plot-gap", width="100%", height=height)]
        return _whole(hatched + _below(ticks, total, height), height + room, takeaway)
    reach = (min(known[0], 0.0), max(known[1], 0.0)) if from_zero else known
    rules = ticks_between(*reach, about=4)
    low, high = min(reach[0], rules[0]), max(reach[1], rules[-1])

    def y(value: float) -> float:
        half = high / 2 - low / 2
        return 100.0 if half == 0 else 100 - (value / 2 - low / 2) / half * 100

    inner = [el("path", class_="plot-axis", d=f"M0 {n(y(rule))}h100") for rule in rules]
    order = [place for place in range(len(cleaned)) if place != main]
    for place in order:
        drawn = "".join(path(run) for run in runs(cleaned[place], low, high, 100, 100, total))
        inner.append(el("path", class_="plot-line back", d=drawn))
    if main is not None and main < len(cleaned):
        floor = n(y(min(max(0.0, low), high)))
        for run in runs(cleaned[main], low, high, 100, 100, total):
            if len(run) > 1 and len(cleaned) == 1:
                inner.append(
                    el("path", class_="plot-area", d=f"{path(run)}L{n(run[-1][0])} {floor}L{n(run[0][0])} {floor}z")
                )
            inner.append(el("path", class_="plot-line main", d=path(run)))
    there: list[float | None] = [
        1.0 if any(place < len(values) and values[place] is not None for values in cleaned) else None
        for place in range(total)
    ]
    words = [text(axis(rule), x=0, y=n(y(rule) / 100 * height - 4)) for rule in rules if rule != rules[0] or low < 0]
    body = [*gap_rects(there, 0, height, total), stretched(inner, "0 0 100 100", height), *mark_lines(marks, height)]
    return _whole(body + words + _below(ticks, total, height), height + room, takeaway)


def _below(ticks: Sequence[tuple[int, str]], total: int, height: int) -> list[str]:
    return [
        text(words, x=f"{n(at)}%", y=height + 16, text_anchor="start" if at < 6 else "end" if at > 94 else "middle")
        for index, words in ticks
        for at in [100 * index / max(total - 1, 1)]
    ]


def _whole(body: Sequence[str], height: int, takeaway: str) -> SafeString:
    return safe(el("svg", "".join(body), class_="wide", height=height, role="img", aria_label=takeaway))
