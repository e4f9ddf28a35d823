from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.charts._svg import safe


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, limit: int = 200) -> SafeString:
    """The data of a chart as a table, folded away: put it after the chart. Cells are text, written by
    core.formats; the first of a row is its header. More than `limit` rows are said, not drawn."""
    titles = "".join(
        f'<th scope="col"{" class=num" if index else ""}>{escape(title)}</th>' for index, title in enumerate(head)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="num">{escape(cell)}</td>' if index else f'<th scope="row">{escape(cell)}</th>'
            for index, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows[:limit]
    )
    if not rows:
        body = f'<tr><td colspan="{max(len(head), 1)}">{escape(_("no data"))}</td></tr>'
    rest = ""
    if len(rows) > limit:
        rest = f"<p>{escape(_('The first %(n)s rows; the CSV has all.') % {'n': limit})}</p>"
    return safe(
        f'<details class="data"><summary>{escape(_("As a table"))}</summary>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="vh">{escape(caption)}</caption><thead><tr>{titles}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{rest}</details>"
    )
