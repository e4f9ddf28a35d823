"""`/executive` and the page of each figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from core.pages import page
from core.pages.scopes import switch
from executive import exports, figure_page, lines, queries, tiles, words
from executive.reading import reading
from executive.scope import Asked, NoSuchAgency, Refused, ask

View = Callable[..., HttpResponse]


def _asked(request: HttpRequest) -> Asked:
    got = request.GET.get
    try:
        return ask(
            request.viewer,  # type: ignore[attr-defined]
            timezone.now(),
            scope=got("scope"),
            agency=got("agency"),
            as_of=got("as_of"),
            currency=got("currency"),
            choose_currency=True,
        )
    except NoSuchAgency as error:
        raise Http404 from error


def _refusals(view: View) -> View:
    """A parameter that cannot be answered: a page that says so and what can be asked instead, 422."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            links = [
                (value, f"{request.path}?{refused.field}={value}")
                for value in refused.allowed
                if refused.field != "metric"
            ]
            context = {"message": refused.message, "links": links, "back": reverse("executive")}
            return render(request, "executive/refused.html", context, status=422)

    return answering


@_refusals
def overview(request: HttpRequest) -> HttpResponse:
    """The figures of the group or of one agency, now or as of a past day; `?format=csv` exports them.

    `?lines=1`, which the page asks for itself, computes the small lines where none are kept.
    """
    asked = _asked(request)
    board = queries.board(asked)
    if request.GET.get("format") == "csv":
        return exports.board_csv(board)
    found = lines.kept(asked)
    if found is None and request.GET.get("lines"):
        found = lines.compute(asked)
    context = {
        "asked": asked,
        "period": words.period(asked.moment),
        "scopes": switch(request, asked.agencies, asked.agency, whole=asked.whole),
        "currencies": tiles.currency_links(asked, request.path),
        "reading": reading(board),
        "revenue": tiles.revenue(board),
        "groups": tiles.groups(board, lines.drawn(found or {}, asked)),
        "no_lines": found is None,
        "agencies": [tiles.agency_line(board, row) for row in board.agencies],
        "total": tiles.total_line(board),
        "funnel": board.funnel,
        "came": sum(row.came for row in board.funnel),
        "won": board.values["conversion_pct"],
        "lost": sum(row.lost for row in board.funnel),
        "today": timezone.now().astimezone(asked.moment.local.tzinfo).date().isoformat(),
        "here": request.path + tiles.query(asked, lines=1),
        "csv": request.path + tiles.query(asked, format="csv"),
        "live_href": request.path + tiles.query(replace(asked, day=None)),
    }
    return page(request, "executive/overview.html", context, "board")


@_refusals
def figure(request: HttpRequest, name: str) -> HttpResponse:
    """One figure: its formula, window, parts, rows and trend."""
    return figure_page.answer(request, name, _asked(request))
