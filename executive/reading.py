"""The reading: what is wrong, what changed, why. Sentences that follow from the figures, and nothing else."""

from __future__ import annotations

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from business.figures import Value
from business.figures.moments import Moment
from core import formats, metrics
from core.pages.parts import Cell, Link, Reading, Tone
from executive import words
from executive.metrics import Judged
from executive.queries import Board
from executive.tiles import href

# Below it a change is no news.
STILL = Decimal("0.05")


def reading(board: Board) -> Reading:
    return Reading(_wrong(board), _changed(board), _why(board))


def _bold(text: str) -> SafeString:
    return format_html("<b>{}</b>", text)


def _with(sentence: str, **values: object) -> SafeString:
    """The translated sentence with its values in place, each escaped."""
    return format_html(sentence, **values)


def _joined(sentences: list[SafeString]) -> SafeString:
    return mark_safe(" ".join(sentences))  # noqa: S308  (each was made by format_html)


def _wrong(board: Board) -> Cell:
    judged: list[Judged] = board.readings["health_score"].parts["parts"]
    failing = [one for one in judged if one.passes is False]
    unknown = [str(one.part.label) for one in judged if one.passes is None]
    link = Link(_("See the score"), href("health_score", board.asked))
    untold = _("Not known: %(parts)s.") % {"parts": ", ".join(unknown)} if unknown else ""
    if failing:
        told = _joined([_part(one) for one in failing])
        worst = any(one.part.key in ("checks", "alerts") for one in failing)
        return Cell(told, untold, link, Tone.CRITICAL if worst else Tone.WARNING)
    if len(unknown) == len(judged):
        return Cell(_("Nothing is known of the installation as of this moment."), untold, link)
    return Cell(_("Nothing is wrong in what is measured."), untold, link)


def _part(one: Judged) -> SafeString:
    told = []
    for name, (within, limit) in one.part.limits.items():
        value = one.readings[name].value
        if value is not None and not within(value):
            metric = metrics.get(name)
            label = f"{metric.label}: " if len(one.part.limits) > 1 else ""
            told.append(f"{label}{words.text(value, metric.unit, 'BRL', metric.decimals)} ({limit})")
    return format_html("<b>{}:</b> {}.", one.part.label, "; ".join(told))


def _changed(board: Board) -> Cell:
    values, currency = board.values, board.asked.currency or "BRL"
    revenue, growth = values["revenue_month"], values["revenue_growth_pct"].value
    told: list[SafeString] = []
    if growth is not None:
        when = words.when("revenue_month", revenue)
        if abs(growth) < STILL:
            told.append(_with(_("Revenue stands where it stood {when}."), when=when))
        else:
            amount = _bold(formats.percent(abs(growth), 1))
            sentence = (
                _("Revenue is {amount} above that received {when}.")
                if growth > 0
                else _("Revenue is {amount} below that received {when}.")
            )
            told.append(_with(sentence, amount=amount, when=when))
    elif revenue.value is not None:
        told.append(
            _with(
                _("{amount} received this month; the month before has no base to compare with."),
                amount=_bold(formats.money(revenue.value, currency)),
            )
        )
    mrr = values["mrr"]
    if mrr.value is not None and mrr.base is not None and mrr.value != mrr.base:
        sentence = (
            _("MRR rose by {amount} since {day}.") if mrr.value > mrr.base else _("MRR fell by {amount} since {day}.")
        )
        told.append(_with(sentence, amount=formats.money(abs(mrr.value - mrr.base), currency), day=_base_day(mrr)))
    more = _clients(board)
    if not told:
        return Cell(more or _("No news: nothing to compare yet."))
    return Cell(_joined(told), more)


def _base_day(value: Value) -> str:
    assert value.base_at is not None
    return words.short(Moment(value.base_at, value.zone).day)


def _clients(board: Board) -> str:
    new, churn = board.values["new_clients_month"], board.values["churn_pct"]
    if new.value is None:
        return ""
    came = ngettext("%(n)s new client", "%(n)s new clients", int(new.value)) % {"n": formats.number(new.value)}
    lost = int(churn.sums[2])
    left = ngettext("%(n)s that was active is not any more", "%(n)s that were active are not any more", lost) % {
        "n": formats.number(lost)
    }
    return f"{came}; {left}."


def _why(board: Board) -> Cell:
    revenue = board.values["revenue_month"]
    if revenue.value is None or revenue.base is None or revenue.value == revenue.base:
        return Cell(_("No news: there is no change of revenue to explain."))
    if len(board.agencies) > 1:
        return _why_agencies(board, revenue.value - revenue.base)
    return _why_rows(board)


def _why_agencies(board: Board, difference: Decimal) -> Cell:
    """The agency that moved most in the direction of the whole, and what the rest did without it."""
    moves = []
    for row in board.agencies:
        value = row.values["revenue_month"]
        now, base = value.value or Decimal(0), value.base or Decimal(0)
        moves.append((now - base, now, base, row.agency))
    moves.sort(key=lambda move: move[0], reverse=difference > 0)
    moved, now, base, agency = moves[0]
    assert board.values["revenue_month"].value is not None
    assert board.values["revenue_month"].base is not None
    rest_now, rest_base = (
        board.values["revenue_month"].value - now,
        board.values["revenue_month"].base - base,
    )
    currency = board.asked.currency or "BRL"
    sentence = (
        _("{agency} received {amount} more than in the base: the largest part of the rise.")
        if difference > 0
        else _("{agency} received {amount} less than in the base: the largest part of the fall.")
    )
    text = _with(sentence, agency=_bold(agency.name), amount=formats.money(abs(moved), currency))
    more = ""
    if rest_base > 0:
        rest = (rest_now - rest_base) * 100 / rest_base
        more = _("Without it, revenue changes by %(change)s.") % {"change": f"{formats.signed(rest, 1)}{formats.NBSP}%"}
    link = Link(agency.name, f"?agency={agency.slug}" + (f"&as_of={board.asked.day}" if board.asked.day else ""))
    return Cell(text, more, link)


def _why_rows(board: Board) -> Cell:
    """Received and refunded now and in the base: what the difference is made of."""
    value, currency = board.values["revenue_month"], board.asked.currency or "BRL"
    _net, _rows, received, refunded = value.sums
    _base_net, _base_rows, base_received, base_refunded = value.base_sums
    when = words.when("revenue_month", value)
    text = _with(
        _("Received: {now} against {base} {when}."),
        now=_bold(formats.money(received, currency)),
        base=formats.money(base_received, currency),
        when=when,
    )
    more = _("Refunded: %(now)s against %(base)s.") % {
        "now": formats.money(refunded, currency),
        "base": formats.money(base_refunded, currency),
    }
    return Cell(text, more, Link(_("See the rows"), href("revenue_month", board.asked)))
