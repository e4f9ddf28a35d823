"""Search by prefixes of words, without regard to case and accents, over the indexes of migration 0004.

Every word must be found: in the row's own words, or in those of its client, in whichever mixture. A page of a
search is looked for twice at most. First among the next rows of the list (`Search.by_row`): a word that
most rows have fills a page there. Else in the indexes (`Search.indexed`), where a word of few rows has few entries.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce

from business import rules
from business.models import Client

# So many matching clients are named to the planner, which then knows how many rows they have.
_IDS = 1_000
# More words than anybody types; the rest is not looked for.
_WORDS = 8
# `inside` of a search is the agencies of the rows: clients of others need not be looked at.
NOT_NARROWED = Q()
# What separates words in any language is left to the database.
_BETWEEN = re.compile(r"[\s!-/:-@\[-`{-~]+")
_NUMBER = re.compile(r"[+()\d][\d\s().+/-]*\d")
_CNPJ = re.compile(r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d\d", re.IGNORECASE)


class Matches(Func):
    """`tsvector @@ tsquery`."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field: ClassVar = BooleanField()


class InArray(Func):
    """`value = ANY(array)`."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field: ClassVar = BooleanField()


def one_of(keys: QuerySet[Any, Any]) -> Q:
    """Rows with one of these few primary keys, which are read first: of an IN the planner may decide to ask the
    rest of the condition of every row."""
    return Q(InArray(F("pk"), ArraySubquery(keys)))


class Together(Func):
    """The words of two texts: `tsvector || tsvector`."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field: ClassVar = TextField()


class Fold(Func):
    """Lower case without accents: what names are sorted by."""

    function = "business_fold"
    output_field: ClassVar = TextField()


def _text(function: str, *columns: str) -> Func:
    return Func(*[F(column) for column in columns], function=function, output_field=TextField())


_CLIENT_COLUMNS = ("name", "email", "phone", "document", "source_id")
CLIENT = _text("business_client_search", *_CLIENT_COLUMNS)
NAMED = _text("business_named_search", "name", "source_id")
LEAD = _text("business_lead_search", "name", "source", "source_id")
# Of the row's client; no words where there is none.
_ITS_CLIENT = Coalesce(
    _text("business_client_search", *[f"client__{column}" for column in _CLIENT_COLUMNS]),
    Func(template="''::tsvector", output_field=TextField()),
)


def phrases(text: str) -> list[list[str]]:
    """What to look for, any of them, each as words of which all must be found: the words of the text; the
    digits of a phone or document together."""
    words = [word for word in _BETWEEN.split(text) if any(map(str.isalnum, word))][:_WORDS]
    found = [words] if words else []
    compact = re.sub(r"[^0-9A-Za-z]", "", text)
    if compact != text and (_NUMBER.fullmatch(text) or _CNPJ.fullmatch(text)):
        # Documents and phones are kept together, without a leading trunk or country prefix of zeros.
        found.append([compact.lstrip("0") or compact])
    return found


def _any(conditions: list[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def _matches(document: Func, words: list[str]) -> Q:
    query = Func(Value(" ".join(words)), function="business_query", output_field=TextField())
    return Q(Matches(document, query))


def matching(document: Func, text: str) -> Q:
    """Rows whose own document has the text."""
    return _any([_matches(document, words) for words in phrases(text)])


@dataclass(frozen=True)
class Search:
    """How a list is searched. `by_row` is a condition that is asked of each row; `indexed` one that is answered from
    indexes, which looks at `some` of the matching clients only when that is given, and so finds fewer rows.
    `sorted_after` says to find all rows before they are sorted: the planner cannot know how many match,
    and would walk a table in order for a few."""

    by_row: Callable[[str], Q]
    indexed: Callable[[str, Q, int | None], Q]
    sorted_after: bool = True

    def __call__(self, rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
        """All rows that match."""
        found = rows.model._default_manager.filter(inside, self.indexed(text, inside, None))
        return rows.filter(pk__in=found.values("pk"))


def _own(document: Func) -> Search:
    return Search(
        lambda text: matching(document, text),
        lambda text, inside, some: matching(document, text),
    )


def _named_by_row(text: str) -> Q:
    # Its own words first: most often they decide, and the client's take longer.
    return matching(NAMED, text) | matching(Together(NAMED, _ITS_CLIENT), text)


def _named_indexed(text: str, inside: Q, some: int | None) -> Q:
    found = []
    for words in phrases(text):
        every = Q()
        for word in words:
            clients = Client.objects.filter(inside, _matches(CLIENT, [word]))
            its_client = Q(InArray(F("client_id"), ArraySubquery(clients.values("pk")[:some])))
            every &= its_client | _matches(NAMED, [word])
        found.append(every)
    return _any(found)


def _client_by_row(text: str) -> Q:
    return matching(_ITS_CLIENT, text) | Q(source_id=text)


def _client_indexed(text: str, inside: Q, some: int | None) -> Q:
    """Rows of the clients. There may be a thousand of each client: it is for the planner to say in which order
    they are read, so it is told the clients."""
    clients = Client.objects.filter(inside, matching(CLIENT, text))
    ids = list(clients.values_list("pk", flat=True)[: min(some or _IDS, _IDS) + 1])
    if some is None and len(ids) > _IDS:
        return Q(client_id__in=clients.values("pk")) | Q(source_id=text)
    return Q(client_id__in=ids) | Q(source_id=text)


def _amount(text: str) -> Q:
    with contextlib.suppress(ValidationError):
        return Q(amount=rules.typed_money(text, comma="," in text or "." not in text))
    return Q(pk__in=[])


search_clients = _own(CLIENT)
search_leads = _own(LEAD)
# Projects and contracts: by their own name or source id, and by their client.
search_named = Search(_named_by_row, _named_indexed)
# Rows without words of their own: by their client, or by their exact source id.
search_by_client = Search(_client_by_row, _client_indexed, sorted_after=False)
# The same, and by the exact amount.
search_payments = Search(
    lambda text: _client_by_row(text) | _amount(text),
    lambda text, inside, some: _client_indexed(text, inside, some) | _amount(text),
    sorted_after=False,
)
