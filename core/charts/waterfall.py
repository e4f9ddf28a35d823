from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString

from core.charts._svg import el, hatch, n, safe, stretched

Role = Literal["balance", "in", "out"]


@dataclass(frozen=True)
class Step:
    """One row. A balance stands at `value`; an "in" adds it, an "out" takes it away (value ≥ 0, exact
    Decimal).

    `written` is the amount as text, `note` what it is made of ("9 contratos"), `href` opens those rows.
    A `value` of None is hatched.
    """

    label: str
    value: Decimal | None
    role: Role
    written: str
    note: str = ""
    href: str = ""


def waterfall(steps: Sequence[Step], *, caption: str, head: tuple[str, str, str] = ("", "", "")) -> SafeString:
    """A waterfall turned on its side, so that it is also the table. Filled enters, hollow leaves, ink is a
    balance.

    The axis may start above 0; `axis_start` says where, for the foot of the sheet. `head` are the titles of
    label, amount and note, for screen readers.
    """
    spans, low, high = _spans(steps)
    rows = []
    for step, reach in zip(steps, spans, strict=True):
        mark = _mark(step, reach, low, high)
        inside = hatch(0, 100, 5, 12) if reach is None else stretched([mark], "0 0 100 22", 22)
        chart = el("svg", inside, width="100%", height=22, aria_hidden="true", overflow="visible")
        amount = f'<a href="{escape(step.href)}">{escape(step.written)}</a>' if step.href else escape(step.written)
        total = ' class="total"' if step.role == "balance" else ""
        rows.append(
            f'<tr{total}><th scope="row">{escape(step.label)}</th><td class="plot">{chart}</td>'
            f'<td class="num">{amount}</td><td class="sub wide-only">{escape(step.note)}</td></tr>'
        )
    label, amount_title, note = (escape(title) for title in head)
    titles = (
        f'<thead class="vh"><tr><th scope="col">{label}</th><td></td><th scope="col">{amount_title}</th>'
        f'<th scope="col" class="wide-only">{note}</th></tr></thead>'
        if any(head)
        else ""
    )
    return safe(
        f'<table class="waterfall"><caption class="vh">{escape(caption)}</caption>{titles}'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def axis_start(steps: Sequence[Step]) -> Decimal:
    """Where the cut axis of `waterfall(steps)` begins; 0 when it is not cut."""
    return _spans(steps)[1]


def _spans(steps: Sequence[Step]) -> tuple[list[tuple[Decimal, Decimal] | None], Decimal, Decimal]:
    """From and to of every bar, and the ends of the axis."""
    at = Decimal(0)
    reach: list[tuple[Decimal, Decimal] | None] = []
    for step in steps:
        if step.value is None:
            reach.append(None)
        elif step.role == "balance":
            at = step.value
            reach.append((Decimal(0), at))
        else:
            after = at + step.value if step.role == "in" else at - step.value
            reach.append((at, after))
            at = after
    levels = [level for pair in reach if pair for level in pair[1:]] + [
        pair[0] for pair, step in zip(reach, steps, strict=True) if pair and step.role != "balance"
    ]
    low, high = min(levels, default=Decimal(0)), max(levels, default=Decimal(0))
    room = high - low
    # Cut the axis only where all of it is far from 0, else the balances would lose their meaning.
    start = low - room * Decimal("0.6") if low > 0 and room and low > room * 2 else min(Decimal(0), low)
    if start > 0:
        step10 = Decimal(10) ** (start.adjusted() - 1)
        start = (start // step10) * step10
    return reach, start, max(high, Decimal(0))


def _mark(step: Step, reach: tuple[Decimal, Decimal] | None, low: Decimal, high: Decimal) -> str:
    if reach is None:
        return ""
    size = high - low
    if size == 0:
        return el("rect", class_="fill-ink", y=5, width=0.6, height=12)
    left, right = sorted((max(reach[0], low), max(reach[1], low)))
    x, width = float((left - low) / size * 100), float((right - left) / size * 100)
    css = {"balance": "fill-ink", "in": "fill-accent", "out": "fill-hollow"}[step.role]
    return el("rect", class_=css, x=n(min(x, 99.4)), y=5, width=n(max(width, 0.6)), height=12)
