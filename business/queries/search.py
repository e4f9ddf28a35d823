"""Search by prefixes of words, without regard to case and accents, over the indexes of migration 0004."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, F, Func, Model, OuterRef, Q, QuerySet, TextField, Value

from business import rules
from business.models import Client

# Above so many matching clients, rows are matched one by one along the order of the list: then one in ten or
# so matches, and a page is soon full. Below, the ids go into an index.
_IDS = 2_000
_WORDS = 6
_NUMBER = re.compile(r"[+()\d][\d\s().+/-]*\d")
_CNPJ = re.compile(r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d\d", re.IGNORECASE)


class Matches(Func):
    """`tsvector @@ tsquery`."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field: ClassVar = BooleanField()


class Fold(Func):
    """Lower case without accents: what names are sorted by."""

    function = "business_fold"
    output_field: ClassVar = TextField()


def _text(function: str, *columns: str) -> Func:
    return Func(*[F(column) for column in columns], function=function, output_field=TextField())


CLIENT = _text("business_client_search", "name", "email", "phone", "document", "source_id")
NAMED = _text("business_named_search", "name", "source_id")
LEAD = _text("business_lead_search", "name", "source", "source_id")


def phrases(text: str) -> list[str]:
    """What to look for, any of them: the words, and the digits together of what looks like a phone or document."""
    compact = re.sub(r"[^0-9A-Za-z]", "", text)
    if compact != text and (_NUMBER.fullmatch(text) or _CNPJ.fullmatch(text)):
        # Documents and phones are kept together, without a leading trunk or country prefix of zeros.
        return [text, compact.lstrip("0") or compact]
    return [text]


def matching(document: Func, text: str) -> Q:
    found = Q()
    for phrase in phrases(text):
        query = Func(Value(phrase), function="business_query", output_field=TextField())
        found |= Q(Matches(document, query))
    return found


def search_clients(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(matching(CLIENT, text))


def search_leads(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(matching(LEAD, text) | _of_source(text))


def search_named(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Projects and contracts: every word is in the row's own name or source id, or in its client."""
    wanted = Q()
    for word, client in _by_word(text):
        wanted &= matching(NAMED, word) | client
    return rows.filter(wanted)


def search_by_client(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Rows without words of their own: by their client, or by their exact source id."""
    client = Q()
    for _word, found in _by_word(text):
        client &= found
    return rows.filter(client | _of_source(text))


def search_payments(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """As `search_by_client`, and by the exact amount."""
    client = Q()
    for _word, found in _by_word(text):
        client &= found
    wanted = client | _of_source(text)
    try:
        wanted |= Q(amount=rules.typed_money(text, comma="," in text or "." not in text))
    except ValidationError:
        pass
    return rows.filter(wanted)


def _of_source(text: str) -> Q:
    return Q(source_id=text)


def _by_word(text: str) -> list[tuple[str, Q]]:
    """Each word with the condition that a row's client has it; one query."""
    words = [text] if len(phrases(text)) > 1 else text.split()[:_WORDS]
    anywhere = Q()
    for word in words:
        anywhere |= matching(CLIENT, word)
    flags = {f"word{number}": matching(CLIENT, word) for number, word in enumerate(words)}
    found = list(Client.objects.annotate(**flags).filter(anywhere).values_list("pk", *flags)[: _IDS + 1])
    if len(found) > _IDS:
        return [(word, Q(_has_client(word))) for word in words]
    return [
        (word, Q(client_id__in=[row[0] for row in found if row[number + 1]]))
        for number, word in enumerate(words)
    ]


def _has_client(word: str) -> Exists:
    clients: QuerySet[Model] = Client.objects.filter(matching(CLIENT, word), pk=OuterRef("client_id"))
    return Exists(clients)
