"""Search by prefixes of words, without regard to case and accents, over the indexes of migration 0004."""

from __future__ import annotations

import contextlib
import re
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value

from business import rules
from business.models import Client

# Up to so many matching clients are looked up in an index of the rows. With more, the rows are walked in the
# order of the list and asked one by one: so many match that a page is soon full.
_IDS = 1_000
_OWN = 2_000
# `inside` of a search is the agencies of the rows: clients of others need not be looked at.
NOT_NARROWED = Q()
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
    """What to look for, any of them: the words; the digits of a phone or document together."""
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


def search_clients(rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
    return rows.filter(_own(rows, CLIENT, text))


def search_leads(rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
    return rows.filter(_own(rows, LEAD, text))


def search_named(rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
    """Projects and contracts: by their own name or source id, or by their client."""
    # The client first: it is asked with a hash, the words with a function.
    return rows.filter(_of_client(text, inside) | _own(rows, NAMED, text))


def _own(rows: QuerySet[Any], document: Func, text: str) -> Q:
    """Rows that match themselves. The planner cannot know how many do, and would walk a table for a few:
    so a bounded look into the search index comes first."""
    wanted = matching(document, text)
    ids = list(rows.filter(wanted).order_by().values_list("pk", flat=True)[: _OWN + 1])
    return wanted if len(ids) > _OWN else Q(pk__in=ids)


def search_by_client(rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
    """Rows without words of their own: by their client, or by their exact source id."""
    return rows.filter(_of_client(text, inside) | _of_source(text))


def search_payments(rows: QuerySet[Any], text: str, inside: Q = NOT_NARROWED) -> QuerySet[Any]:
    """As `search_by_client`, and by the exact amount."""
    wanted = _of_client(text, inside) | _of_source(text)
    with contextlib.suppress(ValidationError):
        wanted |= Q(amount=rules.typed_money(text, comma="," in text or "." not in text))
    return rows.filter(wanted)


def _of_source(text: str) -> Q:
    return Q(source_id=text)


def _of_client(text: str, inside: Q) -> Q:
    clients = Client.objects.filter(inside, matching(CLIENT, text))
    ids = list(clients.values_list("pk", flat=True)[: _IDS + 1])
    if len(ids) > _IDS:
        return Q(client_id__in=clients.values("pk"))
    return Q(client_id__in=ids)
