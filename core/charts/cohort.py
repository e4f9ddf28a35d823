from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.charts._svg import safe
from core.charts.heat import step_of


@dataclass(frozen=True)
class Cohort:
    """One row: its name, its size, and one (value 0 to 100, words) a period; None is hatched. Later periods
    that have not happened yet are simply left out."""

    label: str
    size: str
    cells: Sequence[tuple[float, str] | None]


def cohorts(rows: Sequence[Cohort], *, caption: str, head: tuple[str, str]) -> SafeString:
    """Retention by cohort: a table whose cells are shaded, the ramp stopped where ink is still readable."""
    columns = max((len(row.cells) for row in rows), default=0)
    titles = "".join(f'<th scope="col">{index}</th>' for index in range(columns))
    body = []
    for row in rows:
        cells = "".join(
            f'<td class="hatched"><span class="vh">{escape(_("no data"))}</span></td>'
            if cell is None
            else f'<td class="heat h{step_of(cell[0], 0, 100)}">{escape(cell[1])}</td>'
            for cell in row.cells
        )
        cells += "<td></td>" * (columns - len(row.cells))
        body.append(f'<tr><th scope="row">{escape(row.label)}</th><td class="sub">{escape(row.size)}</td>{cells}</tr>')
    return safe(
        f'<table class="cohort"><caption class="vh">{escape(caption)}</caption><thead><tr>'
        f'<th scope="col">{escape(head[0])}</th><th scope="col">{escape(head[1])}</th>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
