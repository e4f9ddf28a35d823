"""How figures, money and times are written, by the active language.

pt-BR: R$ 1.234,56 · 8,4 % · 1,5 mi. English: R$1,234.56 · 8.4% · 1.5M. None is always the dash or "no data",
never 0. Spaces inside a figure do not break. Money is Decimal and is never turned into float.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

type Number = Decimal | int | float

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"
DASH: Final = "\u2014"
_COMMA: Final = str.maketrans(",.", ".,")

_SYMBOLS: Final = {"BRL": "R$", "USD": "US$", "EUR": "€", "GBP": "£"}
# Currencies without cents (ISO 4217).
_NO_CENTS: Final = frozenset({"JPY", "KRW", "CLP", "PYG", "VND", "ISK", "UGX", "XAF", "XOF", "RWF"})


def portuguese() -> bool:
    return (get_language() or "pt-br").lower().startswith("pt")


def no_data() -> str:
    return gettext("no data")


def _rounded(value: Number, places: int) -> Decimal:
    """Exact for Decimal and int; a float goes through its shortest text, never through its binary tail."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _finite(value: Number) -> bool:
    return (value if isinstance(value, Decimal) else Decimal(str(value))).is_finite()


def number(value: Number | None, places: int | None = None) -> str:
    """12.345,6. Without `places`: none for whole numbers, else one. The dash for None, NaN and infinities."""
    if value is None or not _finite(value):
        return DASH
    if places is None:
        places = 0 if value == int(value) else 1
    amount = _rounded(value, places)
    text = f"{abs(amount):,.{places}f}"
    if portuguese():
        text = text.translate(_COMMA)
    return f"{MINUS}{text}" if amount < 0 else text


def signed(value: Number | None, places: int | None = None) -> str:
    """With + or − before it; zero has none."""
    text = number(value, places)
    if value is None or text == DASH or text.startswith(MINUS) or not text.strip("0,."):
        return text
    return f"+{text}"


def percent(value: Number | None, places: int = 1) -> str:
    """`value` is 0 to 100: 8.4 → 8,4 %."""
    text = number(value, places)
    if text == DASH:
        return DASH
    return f"{text}{NBSP}%" if portuguese() else f"{text}%"


def symbol(currency: str) -> str:
    return _SYMBOLS.get(currency, currency)


def _with_symbol(text: str, currency: str) -> str:
    sign, digits = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    mark = symbol(currency)
    tight = not portuguese() and not mark.isalpha()
    return f"{sign}{mark}{'' if tight else NBSP}{digits}"


def money(value: Decimal | int | None, currency: str = "BRL") -> str:
    """R$ 1.234,56, as plain text."""
    if value is None:
        return DASH
    return _with_symbol(number(value, 0 if currency in _NO_CENTS else 2), currency)


def money_html(value: Decimal | int | None, currency: str = "BRL") -> SafeString:
    """The same, with a small sign and small cents."""
    if value is None:
        return mark_safe(DASH)  # noqa: S308
    text = number(value, 0 if currency in _NO_CENTS else 2)
    sign, digits = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    point = "," if portuguese() else "."
    whole, cents = (digits, "") if currency in _NO_CENTS else digits.rsplit(point, 1)
    mark = symbol(currency)
    gap = NBSP if portuguese() or mark.isalpha() else ""
    small = f"<small>{point}{cents}</small>" if cents else ""
    # format_html takes four times as long, and a list has an amount in each row. Digits need no escape.
    return mark_safe(f"{sign}<small>{escape(mark)}</small>{gap}{whole}{small}")  # noqa: S308


def compact(value: Number | None, currency: str | None = None) -> str:
    """For axes: 1,5 mi, R$ 860 mil; three significant digits at most."""
    if value is None or not _finite(value):
        return DASH
    amount = Decimal(str(value))
    steps: tuple[tuple[Decimal, str], ...] = (
        (Decimal(10**12), pgettext("number scale", "T")),
        (Decimal(10**9), pgettext("number scale", "B")),
        (Decimal(10**6), pgettext("number scale", "M")),
        (Decimal(10**3), pgettext("number scale", "K")),
    )
    text = ""
    for step, word in steps:
        # 999.950 would be written 1.000 mil.
        if abs(amount) >= step * Decimal("0.9995"):
            scaled = amount / step
            places = 0 if abs(scaled) >= 100 or scaled == int(scaled) else 1
            digits = number(scaled, places)
            if places and digits.endswith(("0",)):
                digits = digits[:-2]
            text = f"{digits}{NBSP if portuguese() else ''}{word}"
            break
    else:
        text = number(amount, 0 if amount == int(amount) or abs(amount) >= 100 else 1)
    return _with_symbol(text, currency) if currency else text


def size(value: Number | None) -> str:
    """Bytes in binary steps: 1,2 GB (as disks are read, 1 GB = 2³⁰)."""
    if value is None or not _finite(value):
        return DASH
    amount = Decimal(str(value))
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if abs(amount) < 1024 or unit == "TB":
            places = 0 if unit == "B" or abs(amount) >= 100 else 1
            return f"{number(amount, places)}{NBSP}{unit}"
        amount /= 1024
    raise AssertionError


def milliseconds(value: Number | None) -> str:
    if value is None or not _finite(value):
        return DASH
    amount = abs(Decimal(str(value)))
    if amount >= 10_000:
        return duration(dt.timedelta(milliseconds=float(value)))
    return f"{number(value, 0 if amount >= 10 else 1)}{NBSP}ms"


def duration(value: dt.timedelta | Number | None) -> str:
    """The two largest units: 18 min 05 s, 2 d 9 h. A number is seconds."""
    if value is None:
        return DASH
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else float(value)
    sign, seconds = (MINUS, -seconds) if seconds < 0 else ("", seconds)
    if seconds < 10 and seconds != int(seconds):
        return f"{sign}{number(seconds, 1)}{NBSP}s"
    whole = int(seconds + 0.5)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    if days:
        text = f"{number(days)}{NBSP}d" + (f"{NBSP}{hours}{NBSP}h" if hours else "")
    elif hours:
        text = f"{hours}{NBSP}h" + (f"{NBSP}{minutes:02d}{NBSP}min" if minutes else "")
    elif minutes:
        text = f"{minutes}{NBSP}min" + (f"{NBSP}{secs:02d}{NBSP}s" if secs else "")
    else:
        text = f"{secs}{NBSP}s"
    return sign + text


def _short(seconds: float) -> str:
    for unit, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{number(int(seconds // unit))}{NBSP}{word}"
    return f"{int(seconds)}{NBSP}s"


def ago(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """há 12 min; em 4 d for what is to come. One unit."""
    if value is None:
        return DASH
    seconds = ((now or timezone.now()) - value).total_seconds()
    if abs(seconds) < 5:
        return gettext("now")
    if seconds < 0:
        return gettext("in %(time)s") % {"time": _short(-seconds)}
    return gettext("%(time)s ago") % {"time": _short(seconds)}


def clock(value: dt.datetime | None, zone: dt.tzinfo | None = None) -> str:
    """14:02 in the active time zone, or in `zone`."""
    return DASH if value is None else timezone.localtime(value, zone).strftime("%H:%M")


def day(value: dt.date | dt.datetime | None, zone: dt.tzinfo | None = None) -> str:
    """24/11/2026; 24 Nov 2026 in English, where the order of numbers is not agreed on."""
    if value is None:
        return DASH
    date = timezone.localtime(value, zone).date() if isinstance(value, dt.datetime) else value
    return date.strftime("%d/%m/%Y") if portuguese() else f"{date.day}{NBSP}{date_format(date, 'M')}{NBSP}{date.year}"


def moment(value: dt.datetime | None, zone: dt.tzinfo | None = None) -> str:
    """24/11/2026 14:02."""
    return DASH if value is None else f"{day(value, zone)}{NBSP}{clock(value, zone)}"


def when(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """09:05 today, 23/11 09:05 this year, 23/11/2025 09:05 before."""
    if value is None:
        return DASH
    local, today = timezone.localtime(value), timezone.localtime(now).date()
    if local.date() == today:
        return local.strftime("%H:%M")
    return f"{_short_day(local, today)}{NBSP}{local.strftime('%H:%M')}"


def _short_day(local: dt.datetime, today: dt.date) -> str:
    if local.year != today.year:
        return day(local.date())
    return local.strftime("%d/%m") if portuguese() else f"{local.day}{NBSP}{date_format(local, 'M')}"


def month(value: dt.date | None) -> str:
    """nov. 2026."""
    if value is None:
        return DASH
    name = date_format(value, "M")
    return f"{name.lower() if portuguese() else name}{NBSP}{value.year}"


def as_of(value: dt.datetime | None, now: dt.datetime | None = None, zone: dt.tzinfo | None = None) -> str:
    """às 14:02 today, em 23/11 before; in English at 14:02, on 23 Nov."""
    if value is None:
        return DASH
    local, today = timezone.localtime(value, zone), timezone.localtime(now, zone).date()
    if local.date() == today:
        return gettext("at %(time)s") % {"time": local.strftime("%H:%M")}
    return gettext("on %(date)s") % {"date": _short_day(local, today)}


def rows(count: int) -> str:
    """1 linha, 1.234 linhas."""
    return ngettext("%(n)s row", "%(n)s rows", count) % {"n": number(count)}


def figure(
    value: Number | dt.timedelta | None,
    kind: str = "number",
    *,
    unit: str = "",
    currency: str = "BRL",
    places: int | None = None,
) -> SafeString:
    """The HTML of a figure by its kind: money, number, percent, duration, ms, points (percentage points),
    bytes."""
    if value is None:
        return format_html("{}", no_data())
    if kind == "money" and isinstance(value, (Decimal, int)):
        return money_html(value, currency)
    if kind == "duration" or isinstance(value, dt.timedelta):
        return _small_units(duration(value))
    match kind:
        case "percent":
            shown = number(value, 1 if places is None else places)
            return format_html("{}<small>{}%</small>", shown, NBSP if portuguese() else "")
        case "points":
            return format_html("{}<small>{}{}</small>", number(value, places), NBSP, gettext("p.p."))
        case "ms":
            return _small_units(milliseconds(value))
        case "bytes":
            return _small_units(size(value))
        case "money":
            raise TypeError("money is Decimal")
    if unit:
        return format_html("{}<small>{}{}</small>", number(value, places), NBSP, unit)
    return format_html("{}", number(value, places))


def _small_units(text: str) -> SafeString:
    """Units after a number in small letters."""
    words = text.split(NBSP)
    parts = [w if i % 2 == 0 else format_html("<small>{}{}</small>", NBSP, w) for i, w in enumerate(words)]
    out = parts[0]
    for index, part in enumerate(parts[1:], 1):
        out = format_html("{}{}{}", out, NBSP if index % 2 == 0 else "", part)
    return format_html("{}", out)
