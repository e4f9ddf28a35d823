"""What a value of the business must look like: shared by forms, API and import, so that they cannot differ.

Each function takes what somebody typed or sent and returns the value to keep, or raises ValidationError with
a sentence that says what to do.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from stdnum.br import cnpj, cpf
from stdnum.exceptions import ValidationError as NumberError

MAX_MONEY: Final = Decimal("999999999999.99")
_EARLIEST, _LATEST = 1900, 2200
# A spreadsheet export puts an apostrophe before what would run as a formula; it is not part of the value.
_APOSTROPHE = re.compile(r"^'(?=[=+\-@])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
# Area codes in use (Anatel).
_AREAS: Final = frozenset(
    str(area)
    for tens, units in {
        1: "123456789",
        2: "12478",
        3: "1234578",
        4: "123456789",
        5: "1345",
        6: "123456789",
        7: "134579",
        8: "123456789",
        9: "123456789",
    }.items()
    for area in (tens * 10 + int(unit) for unit in units)
)


def text(value: str, *, length: int, lines: bool = False) -> str:
    """Unicode NFC, spaces collapsed (line ends kept with `lines`), no control characters, at most `length`."""
    value = unicodedata.normalize("NFC", _APOSTROPHE.sub("", value.strip()))
    if _CONTROL.search(value):
        raise ValidationError(_("Remove characters that cannot be shown."))
    if lines:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    else:
        value = " ".join(value.split())
    if len(value) > length:
        raise ValidationError(_("Use at most %(length)s characters.") % {"length": length})
    return value


def email(value: str) -> str:
    """The address as typed but for its domain, which is lower case; "" stays."""
    value = text(value, length=254)
    if value:
        validate_email(value)
        name, _at, domain = value.rpartition("@")
        value = f"{name}@{domain.lower()}"
    return value


def document(value: str) -> str:
    """A CPF (000.000.000-00) or CNPJ (00.000.000/0000-00, letters allowed since July 2026), checked; "" stays."""
    value = text(value, length=40).upper()
    compact = re.sub(r"[\s./\-\u2010-\u2015]", "", value)
    if not compact:
        return ""
    if len(set(compact)) == 1:
        raise ValidationError(_("The same digit throughout is no CPF or CNPJ."))
    try:
        if len(compact) == 11:
            return str(cpf.format(cpf.validate(compact)))
        if len(compact) == 14:
            return str(cnpj.format(cnpj.validate(compact)))
    except NumberError as error:
        raise ValidationError(
            _("The check digits of this CPF or CNPJ do not fit. Compare it with the source.")
        ) from error
    raise ValidationError(_("A CPF has 11 digits, a CNPJ has 14 characters."))


def phone(value: str) -> str:
    """E.164: "(11) 98765-4321" becomes +5511987654321; a foreign number needs its + and country code; "" stays."""
    value = text(value, length=60)
    if not value:
        return ""
    digits = re.sub(r"\D", "", value)
    if re.search(r"[^\d\s()+.\-/\u2010-\u2015]", value) or "+" in value[1:]:
        raise ValidationError(_("Use digits only, such as (11) 98765-4321 or +351 912 345 678."))
    if value.startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00") if not value.startswith("+") else digits
        if digits.startswith("55"):
            return _brazilian(digits.removeprefix("55"))
        if 8 <= len(digits) <= 15 and not digits.startswith("0"):
            return f"+{digits}"
        raise ValidationError(_("This number is too short or too long for its country code."))
    # A leading 0 is the trunk prefix.
    digits = digits.removeprefix("0")
    if len(digits) in (12, 13) and digits.startswith("55"):
        digits = digits.removeprefix("55")
    return _brazilian(digits)


def _brazilian(national: str) -> str:
    if (
        len(national) not in (10, 11)
        or national[:2] not in _AREAS
        or (len(national) == 11 and national[2] != "9")
    ):
        raise ValidationError(
            _("Use area code and number, such as (11) 98765-4321, or + and the country code.")
        )
    return f"+55{national}"


def source_id(value: str) -> str:
    """The row's id where it came from, as it is there."""
    return text(value, length=100)


def money(value: str | Decimal | int, *, comma: bool = True) -> Decimal:
    """Zero or more, at most two decimals. Text may be "1.234,56", "1234,56", "1,234.56" or "1234.56", with or
    without a currency sign; `comma` says how to read what is ambiguous ("1.234": 1234 with it, else an error)."""
    if isinstance(value, str):
        value = _decimal(value, comma)
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValidationError(_("Enter an amount such as 1.234,56."))
    if amount < 0:
        raise ValidationError(_("An amount cannot be negative."))
    if amount > MAX_MONEY:
        raise ValidationError(_("This amount is too large."))
    if amount != amount.quantize(Decimal("0.01")):
        raise ValidationError(_("Use at most two decimals."))
    return amount.quantize(Decimal("0.01"))


def _groups(group: str) -> str:
    return rf"-?[1-9]\d{{0,2}}(\{group}\d{{3}})+"


def _decimal(value: str, comma: bool) -> Decimal:
    bare = re.sub(
        r"^(R\$|US\$|[A-Z]{3}|€|£|\$)\s*", "", re.sub(r"[\s\u00a0\u202f']", "", value.strip().upper())
    )
    bare = bare.replace("\u2212", "-")
    if not re.fullmatch(r"-?\d[\d.,]*", bare) or bare[-1] in ".,":
        raise ValidationError(_("Enter an amount such as 1.234,56."))
    point = "," if comma else "."
    group = "." if comma else ","
    if point in bare and group in bare:
        # Whichever comes last is the decimal point, however the reader writes.
        point, group = (point, group) if bare.rindex(point) > bare.rindex(group) else (group, point)
    elif group in bare and not re.fullmatch(_groups(group), bare):
        point, group = group, point
    whole, _point, cents = bare.partition(point)
    if (group in whole and not re.fullmatch(_groups(group), whole)) or not re.fullmatch(r"\d*", cents):
        raise ValidationError(_("Enter an amount such as 1.234,56."))
    try:
        return Decimal(f"{whole.replace(group, '')}.{cents or '0'}")
    except InvalidOperation as error:
        raise ValidationError(_("Enter an amount such as 1.234,56.")) from error


def moment(value: dt.datetime) -> dt.datetime:
    """An aware time in a plausible year."""
    if value.tzinfo is None:
        raise ValidationError(_("Say the time zone of this time."))
    if not _EARLIEST <= value.year <= _LATEST:
        raise ValidationError(_("Check the year."))
    return value


def day(value: dt.date) -> dt.date:
    """A day in a plausible year."""
    if not _EARLIEST <= value.year <= _LATEST:
        raise ValidationError(_("Check the year."))
    return value
