"""What must not stand in a log: credentials, and what tells a person.

Masked: passwords, tokens and keys (by the name beside them, by their shape, in URLs), query strings, e-mail
addresses, CPF and CNPJ, telephone numbers, the last part of public IP addresses, and the values of rows that
PostgreSQL quotes in its errors. Names of people in free text cannot be known and are not: log ids.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from core.configuration.environment import mask_url

MASK: Final = "••••"
SECRET_KEY: Final = re.compile(
    r"password|passwd|senha|secret|token|authorization|cookie|session_?key|api_?key|access_?key|private_?key", re.I
)
PERSONAL_KEY: Final = re.compile(
    r"(?:^|_)(?:e_?mail|phone|mobile|telefone|cpf|cnpj|document|address|street|birth|full_?name)(?:_|$)", re.I
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"\?(?=[\w.%\[\]-]+=)[^\s\"'<>)\]}]+")
_NAMED = re.compile(
    r"(?i)\b(\w*(?:password|passwd|senha|secret|token|api_?key|access_?key|private_?key)\w*[\"']?\s?[=:]\s?)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&\"')}\]]+)"
)
# Our own tokens, JSON web tokens, and keys of Meta, OpenAI, AWS, GitHub and Slack.
_SHAPED = re.compile(
    r"\b(?:fvd_|EAA|sk-|AKIA|gh[pousr]_|xox[abprs]-)[A-Za-z0-9_-]{8,}|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
)
_SECRET_WORDS = ("passw", "senha", "secret", "token", "key")
_BEGINNINGS = ("fvd_", "EAA", "sk-", "AKIA", "gh", "xox", "eyJ")
_SQL_WORDS = (
    "DETAIL", "CONTEXT", "QUERY", "STATEMENT", "LINE ", "Failing row", "Key (", "invalid ", "out of range", "too long",
    "malformed ",
)  # fmt: skip
_SLACK_HOOK = re.compile(r"(hooks\.slack\.com/services/)\S+")
# The alphanumeric CNPJ (since July 2026) only with its signs; else it could be any word.
_DOCUMENT = re.compile(
    r"(?<![\w.])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2})(?!\w)"
)
_PHONE = re.compile(
    r"(?<![\w.+])(?:\+\d[\d().\s-]{6,18}\d|(?:\(\d{2}\)\s?|\d{2}\s)9?\d{4}-\d{4}|9\d{4}-\d{4})(?![\w.]\d|\d)"
)
_DIGITS = re.compile(r"(?<![\w.+-])\d{10,14}(?![\w-]|\.\d)")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.]\d|[\w:])"
)
# Up to the next field of PostgreSQL, or the next part of a traceback: a row's own text may have any line breaks.
_FIELD = (
    r"(?=\n\s*(?:\|\s)?(?:HINT|CONTEXT|QUERY|STATEMENT|LOCATION|LINE \d+|DETAIL): "
    r"|\n\n(?:The above|During)|\nTraceback|\Z)"
)
_SQL = re.compile(rf"((?:DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+): +).*?{_FIELD}", re.DOTALL)
_SQL_ROW = re.compile(r"(Failing row contains |Key \([^)\n]*\)=)\(.*?\)(?=\.?(?:$|\s))", re.DOTALL | re.MULTILINE)
_SQL_VALUE = re.compile(
    r"(?s)((?:invalid (?:input (?:syntax|value)|byte sequence) for [^:\n]{1,80}|"
    r"date/time field value out of range|malformed \w+ literal): )\".*?\"(?=\n|\Z|[\s.,)'])"
)
_SQL_RANGE = re.compile(r"(value )\"[^\"\n]*\"( is out of range| too long)")


def scrub(text: str) -> str:
    """The text without credentials and personal values."""
    if len(text) < 6:
        return text
    if text.isalnum():  # ids and single words, which most fields of a line are
        return _DIGITS.sub(_digits, text) if text.isdigit() else _SHAPED.sub(MASK, text)
    # The patterns are dear, and every line of the log comes by: first what they need at least.
    lowered = text.lower()
    if ": " in text or "(" in text or '"' in text:
        text = _sql(text)
    if "bearer" in lowered or "basic" in lowered:
        text = _BEARER.sub(rf"\1 {MASK}", text)
    if "://" in text:
        text = mask_url(text)
        text = _SLACK_HOOK.sub(rf"\1{MASK}", text)
    if ("=" in text or ":" in text) and any(word in lowered for word in _SECRET_WORDS):
        text = _NAMED.sub(_named, text)
    if "?" in text:
        text = _QUERY.sub(f"?{MASK}", text)
    if any(beginning in text for beginning in _BEGINNINGS):
        text = _SHAPED.sub(MASK, text)
    if "@" in text:
        text = _EMAIL.sub("•••@•••", text)
    return _numbers(text)


def _sql(text: str) -> str:
    """Without the rows and values that PostgreSQL quotes (psycopg: message, then fields such as DETAIL)."""
    if not any(word in text for word in _SQL_WORDS):
        return text
    text = _SQL.sub(rf"\1{MASK}", text)
    text = _SQL_ROW.sub(rf"\1({MASK})", text)
    text = _SQL_VALUE.sub(rf'\1"{MASK}"', text)
    return _SQL_RANGE.sub(rf'\1"{MASK}"\2', text)


def _named(match: re.Match[str]) -> str:
    # A mask that is there already, of a URL or a header, stays as it is.
    return match[0] if match[2].startswith(("•", "://")) else match[1] + MASK


def _numbers(text: str) -> str:
    if "-" in text:
        text = _DOCUMENT.sub(MASK, text)
    if text.count(".") >= 3 or text.count(":") >= 2:
        text = _ADDRESS.sub(_address, text)
    if "-" in text or "+" in text:
        text = _PHONE.sub(MASK, text)
    return _DIGITS.sub(_digits, text)


def _address(match: re.Match[str]) -> str:
    """A public address without the part that tells one line from the next (/24, /48); others as they are."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    if not address.is_global:
        return match[0]
    if address.version == 4:
        return match[0].rpartition(".")[0] + ".•"
    return ":".join(address.exploded.split(":")[:3]) + "::•"


def _digits(match: re.Match[str]) -> str:
    """Bare digits are masked when they are a CPF, a CNPJ or a Brazilian telephone number; ids stay."""
    digits = match[0]
    return MASK if _is_cpf(digits) or _is_cnpj(digits) or _is_phone(digits) else digits


def _check(digits: str, weights: list[int]) -> str:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return str(0 if rest < 2 else 11 - rest)


def _is_cpf(digits: str) -> bool:
    if len(digits) != 11:
        return False
    first = _check(digits[:9], list(range(10, 1, -1)))
    return digits[9:] == first + _check(digits[:9] + first, list(range(11, 1, -1)))


def _is_cnpj(digits: str) -> bool:
    if len(digits) != 14:
        return False
    weights = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    first = _check(digits[:12], weights)
    return digits[12:] == first + _check(digits[:12] + first, [6, *weights])


def _is_phone(digits: str) -> bool:
    """Area code and number (a mobile one has nine digits and starts with 9), with or without 55 before."""
    if len(digits) in (12, 13) and digits.startswith("55"):
        digits = digits[2:]
    area, number = digits[:2], digits[2:]
    if "0" in area:
        return False
    return (len(number) == 9 and number[0] == "9") or (len(number) == 8 and number[0] in "2345")


def clean(value: Any) -> Any:
    """The same, scrubbed at every depth; what stands under a key that names a secret or a personal value is
    masked whole."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: MASK if isinstance(key, str) and _tells(key) and one else clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(one) for one in value]
    return value


def _tells(key: str) -> bool:
    return bool(SECRET_KEY.search(key) or PERSONAL_KEY.search(key))
