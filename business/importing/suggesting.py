"""Guesses a map from a file's header and first rows, for a person to correct."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence

from business.importing.entities import Entity, Field, Kind
from business.importing.mapping import ImportMap, Source

SAMPLE = 500
# How sources call a field, without accents and signs; the first that fits wins.
_NAMES = {
    "source_id": "id source_id codigo cod code uuid numero external_id id_externo referencia",
    "name": "name nome title titulo descricao description razao_social nome_fantasia projeto project cliente",
    "email": "email e_mail correio mail",
    "phone": "phone telefone celular whatsapp fone tel",
    "document": "document documento cpf cnpj cpf_cnpj cnpj_cpf",
    "city": "city cidade municipio",
    "state": "state estado uf",
    "status": "status situacao estado_do_projeto",
    "created_at": "created_at criado_em criado data_de_criacao data_cadastro cadastro created data inicio data_inicio",
    "archived_at": "archived_at arquivado_em inativado_em",
    "whatsapp_opt_in_at": "whatsapp_opt_in_at opt_in opt_in_em consentimento",
    "whatsapp_opt_in_source": "whatsapp_opt_in_source origem_do_consentimento",
    "client": "client client_id cliente cliente_id id_cliente customer customer_id cod_cliente",
    "project": "project project_id projeto projeto_id id_projeto",
    "contract": "contract contract_id contrato contrato_id id_contrato",
    "value": "value valor valor_total orcamento budget amount preco total",
    "amount": "amount valor valor_pago value preco total mensalidade",
    "deadline": "deadline prazo entrega data_entrega due vencimento",
    "completed_at": "completed_at concluido_em conclusao data_conclusao finalizado_em",
    "cancelled_at": "cancelled_at cancelado_em data_cancelamento",
    "interval": "interval intervalo periodicidade recorrencia",
    "start": "start inicio data_inicio vigencia_inicio",
    "end": "end fim termino data_fim vigencia_fim",
    "effective_from": "effective_from a_partir_de vigente_desde data",
    "due_at": "due_at vencimento data_vencimento due",
    "paid_at": "paid_at pago_em data_pagamento pagamento paid data",
    "method": "method forma forma_pagamento forma_de_pagamento metodo payment_type meio",
    "refunded_at": "refunded_at estornado_em data_estorno reembolso_em",
    "refunded_amount": "refunded_amount valor_estornado estorno reembolso",
    "source": "source origem fonte canal origin",
    "outcome": "outcome resultado desfecho situacao status",
    "closed_at": "closed_at fechado_em data_fechamento fechamento won_date",
    "score": "score nota avaliacao rating pontuacao",
    "comment": "comment comentario observacao feedback",
    "answered_at": "answered_at respondido_em data_resposta data",
}
_VALUES = {
    "active": "ativo ativa em_andamento andamento aberto aberta em_aberto open shipped processing invoiced created",
    "completed": "concluido concluida finalizado finalizada entregue done delivered complete",
    "cancelled": "cancelado cancelada canceled",
    "paused": "pausado pausada suspenso suspensa",
    "draft": "rascunho proposta orcamento",
    "archived": "arquivado arquivada inativo inativa inactive",
    "open": "aberto aberta em_aberto em_negociacao novo nova new",
    "won": "ganho ganha ganhou fechado convertido",
    "lost": "perdido perdida perdeu",
    "monthly": "mensal mes month",
    "quarterly": "trimestral trimestre quarter",
    "annual": "anual ano yearly year",
}
FORMATS = (
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%y %H:%M",
    "%d/%m/%y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y%m%d",
)


def suggest(entity: Entity, header: Sequence[str], rows: Sequence[Sequence[str]]) -> ImportMap:
    """A map with what could be recognised; it may lack fields that are required."""
    folded = {_folded(name): index for index, name in reversed(list(enumerate(header))) if name}
    fields: dict[str, Source] = {}
    taken: set[int] = set()
    for one in entity.fields:
        for name in _NAMES.get(one.name, one.name).split():
            index = folded.get(name)
            # An id may stand for two fields, another column hardly ever does.
            if index is not None and index not in taken:
                taken.add(index)
                fields[one.name] = of_column(one, header[index], [row[index] for row in rows if index < len(row)])
                break
    return ImportMap(fields)


def of_column(field: Field, name: str, cells: Iterable[str]) -> Source:
    """How a column is read as the field, by what is in it."""
    found = [cell.strip() for cell in cells if cell.strip()]
    if field.kind is Kind.MONEY:
        return Source(column=name, decimal=decimal_of(found))
    if field.kind in (Kind.INSTANT, Kind.DAY):
        known = format_of(found)
        return Source(column=name, formats=(known,) if known else ())
    if field.kind is Kind.CHOICE:
        values = {}
        for cell in dict.fromkeys(found):
            for choice in field.choices:
                if cell.casefold() != choice and _folded(cell) in _VALUES.get(choice, "").split():
                    values[cell] = choice
                    break
        return Source(column=name, values=values)
    return Source(column=name)


def decimal_of(cells: Sequence[str]) -> str:
    """The mark before the cents: what comes last, once, before one or two digits."""
    commas = sum(bool(re.search(r",\d{1,2}$", cell)) for cell in cells)
    points = sum(bool(re.search(r"\.\d{1,2}$", cell)) for cell in cells)
    return "," if commas > points else "."


def format_of(cells: Sequence[str]) -> str:
    """The format that fits most cells, '' for ISO 8601 or when none fits more than half: a few wrong dates are
    what the check is there to show. Day before month when both fit."""
    fits = {"": sum(map(_is_iso, cells)), **{one: sum(_fits(cell, one) for cell in cells) for one in FORMATS}}
    best = max(fits, key=lambda one: fits[one])
    return best if fits[best] * 2 > len(cells) else ""


def _is_iso(cell: str) -> bool:
    try:
        dt.datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _fits(cell: str, one: str) -> bool:
    try:
        dt.datetime.strptime(cell, one)
    except ValueError:
        return False
    return True


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
