"""What a value of the business must be, one definition for forms, API and import.

A value's rule takes text as a person or a file gives it and returns what is kept; it raises ValidationError
with a message that says what to do. A row's rule (`*_row`) takes the kept values and yields what does not fit
together, as (field, message).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _
from stdnum.br import cnpj, cpf

from core.spreadsheets import unguarded

CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal("999999999999.99")
# Area codes in use (Anatel).
_UNITS = (
    "123456789",
    "12478",
    "1234578",
    "123456789",
    "1345",
    "123456789",
    "134579",
    "123456789",
    "123456789",
)
AREA_CODES = frozenset(f"{tens}{unit}" for tens, units in enumerate(_UNITS, 1) for unit in units)
_email = EmailValidator()
_GROUPED = {
    ".": re.compile(r"-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?|-?\.\d+"),
    ",": re.compile(r"-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?|-?,\d+"),
}
_CURRENCY_SIGNS = re.compile(r"^(?:R\$|US\$|[A-Z]{3}(?=[\s\d])|[$€£])\s*|\s")
# A double keeps 15 to 17 digits: what a spreadsheet adds up may differ from a cent by less than this.
_FLOAT_NOISE = Decimal("0.000001")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
EARLIEST, LATEST = 1900, 2200

Misfits = Iterator[tuple[str, Any]]


def document(value: str) -> str:
    """A CPF or CNPJ (the CNPJ with letters of 2026 too), as it is written: 529.982.247-25."""
    value = value.strip()
    if not value:
        return ""
    compact = re.sub(r"[\s./\u2010-\u2015-]", "", value).upper()
    if len(set(compact)) == 1:
        raise ValidationError(_("The same digit throughout is no CPF or CNPJ."))
    if len(compact) == 11 and cpf.is_valid(compact):
        return str(cpf.format(compact))
    if len(compact) == 14 and cnpj.is_valid(compact):
        return str(cnpj.format(compact))
    if len(compact) in (11, 14):
        raise ValidationError(_("The check digits of this CPF or CNPJ are wrong: look for a mistyped digit."))
    raise ValidationError(_("Use a CPF of 11 digits or a CNPJ of 14 characters."))


def phone(value: str) -> str:
    """A phone as +5511987654321 where it is a Brazilian number with area code or has its country's code;
    as it came where it may be one without its area code."""
    value = unguarded(value.strip())
    if not value:
        return ""
    digits = re.sub(r"\D", "", value)
    if len(value) > 32 or not 8 <= len(digits) <= 15 or re.search(r"[^\d\s()+./-]", value):
        raise ValidationError(_("Use a phone with its area code, such as (11) 98765-4321."))
    if value.startswith("+"):
        return f"+{digits}"
    national = digits.removeprefix("0") if len(digits) in (11, 12) else digits
    if len(national) in (12, 13) and national.startswith("55"):
        national = national[2:]
    if len(national) in (10, 11) and national[:2] in AREA_CODES:
        return f"+55{national}"
    return value


def email(value: str) -> str:
    """An address with its domain in lower case."""
    value = value.strip()
    if not value:
        return ""
    try:
        _email(value)
    except ValidationError:
        raise ValidationError(_("Use an e-mail address such as ana@example.com.")) from None
    if len(value) > 254:
        raise ValidationError(_("This e-mail address is longer than 254 characters."))
    local, _at, domain = value.rpartition("@")
    return f"{local}@{domain.lower()}"


def text(value: str, longest: int) -> str:
    """Text in Unicode NFC, without space at its ends or characters that cannot be shown."""
    value = unguarded(value.strip())
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if _CONTROL.search(value):
        raise ValidationError(_("This holds characters that cannot be shown: remove them."))
    if len(value) > longest:
        raise ValidationError(
            _("This has %(length)d characters, at most %(longest)d are kept."),
            params={"length": len(value), "longest": longest},
        )
    return value


def money(value: str, decimal: str = ".") -> Decimal | None:
    """An amount with two places, None when blank. `decimal` is the mark before the cents; the other one may
    group thousands. Noise of binary floating point (218.04000000000002) is taken off."""
    cleaned = _CURRENCY_SIGNS.sub("", value.strip()).replace("\u2212", "-")
    if not cleaned:
        return None
    if not _GROUPED[decimal].fullmatch(cleaned):
        example = "1234.56" if decimal == "." else "1234,56"
        raise ValidationError(
            _("“%(value)s” is not an amount such as %(example)s."),
            params={"value": value, "example": example},
        )
    grouping = "," if decimal == "." else "."
    return amount(Decimal(cleaned.replace(grouping, "").replace(decimal, ".")))


def typed_money(value: str, *, comma: bool) -> Decimal:
    """An amount as a person types it: "1.234,56", "1234,56", "1,234.56" and "1234.56" are all understood.

    `comma` says how the reader's language writes, which decides what is ambiguous: "1.234" is 1234 with it.
    """
    bare = _CURRENCY_SIGNS.sub("", re.sub(r"[\s\u00a0\u202f]", "", value).upper()).replace("\u2212", "-")
    point, group = (",", ".") if comma else (".", ",")
    if point in bare and group in bare:
        # Whichever comes last is the decimal mark, however the reader writes.
        if bare.rindex(group) > bare.rindex(point):
            point, group = group, point
    elif group in bare and not re.fullmatch(rf"-?[1-9]\d{{0,2}}(\{group}\d{{3}})+", bare):
        point, group = group, point
    if not bare or not _GROUPED[point].fullmatch(bare):
        raise ValidationError(
            _("Enter an amount such as %(example)s."), params={"example": "1.234,56" if comma else "1,234.56"}
        )
    return amount(Decimal(bare.replace(group, "").replace(point, ".")))


def amount(value: Decimal) -> Decimal:
    """An amount that a column of money keeps: not negative, whole cents."""
    if value < 0:
        raise ValidationError(_("An amount cannot be negative: record money given back as a refund."))
    if value > LARGEST_AMOUNT:
        raise ValidationError(_("This amount is too large: at most 12 digits before the cents."))
    cents = value.quantize(CENT)
    if abs(value - cents) > _FLOAT_NOISE:
        raise ValidationError(
            _("%(value)s has more than two decimal places: write it in whole cents."), params={"value": value}
        )
    return cents


def moment(value: dt.datetime) -> dt.datetime:
    """An aware time in a plausible year."""
    if not EARLIEST <= value.year <= LATEST:
        raise ValidationError(_("Check the year."))
    return value


def day(value: dt.date) -> dt.date:
    """A day in a plausible year."""
    if not EARLIEST <= value.year <= LATEST:
        raise ValidationError(_("Check the year."))
    return value


def client_row(row: Mapping[str, Any]) -> Misfits:
    if row.get("status") == "archived" and row.get("archived_at") is None:
        yield "archived_at", _("An archived client needs the date when it was archived.")
    if row.get("status") == "active" and row.get("archived_at") is not None:
        yield "archived_at", _("An active client has no date of archiving.")


def contract_row(row: Mapping[str, Any]) -> Misfits:
    start, end = row.get("start"), row.get("end")
    if isinstance(start, dt.date) and isinstance(end, dt.date) and end < start:
        yield "end", _("The contract ends before it starts.")


def payment_row(row: Mapping[str, Any]) -> Misfits:
    refunded_at, refunded = row.get("refunded_at"), row.get("refunded_amount")
    if refunded_at is None and refunded is None:
        return
    if refunded_at is None:
        yield "refunded_at", _("A refund needs its date.")
    elif row.get("paid_at") is None:
        yield "paid_at", _("Only what was paid can be refunded: give the date of payment.")
    elif refunded_at < row["paid_at"]:
        yield "refunded_at", _("The refund is earlier than the payment.")
    if refunded is None:
        yield "refunded_amount", _("A refund needs its amount.")
    elif refunded <= 0:
        yield "refunded_amount", _("A refund is more than zero.")
    elif row.get("amount") is not None and refunded > row["amount"]:
        yield "refunded_amount", _("The refund is more than the amount that was paid.")


def project_row(row: Mapping[str, Any]) -> Misfits:
    status = row.get("status")
    for field, wanted in (("completed_at", "completed"), ("cancelled_at", "cancelled")):
        when = row.get(field)
        if when is None:
            continue
        if status is not None and status != wanted:
            yield field, _("Only a project with the status “%(status)s” has this date.") % {"status": wanted}
        elif row.get("created_at") is not None and when < row["created_at"]:
            yield field, _("This is earlier than the project's creation.")


def lead_row(row: Mapping[str, Any]) -> Misfits:
    if row.get("outcome") == "open" and row.get("closed_at") is not None:
        yield "closed_at", _("An open lead has no closing date: set its outcome to won or lost.")


ROW_RULES = {
    "clients": client_row,
    "contracts": contract_row,
    "payments": payment_row,
    "leads": lead_row,
}
