"""Text that a spreadsheet would run as a formula when it opens a CSV file (OWASP, CSV injection)."""

from __future__ import annotations

import re
from typing import Final

_STARTS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA: Final = re.compile(rf"[{_STARTS}\t\r\n]")
# A spreadsheet of a country that writes decimals with a comma splits cells at semicolons, quoted or not: what
# follows one may become a cell of its own, as may what follows a tab or an end of line.
_INSIDE: Final = re.compile(rf"([;\t\r\n][ ]*)(?=[{_STARTS}])")
_GUARD: Final = re.compile(rf"(^|[;\t\r\n][ ]*)'(?=[{_STARTS}])")


def guarded(text: str) -> str:
    """The text with an apostrophe before whatever would run."""
    if _INSIDE.search(text):
        text = _INSIDE.sub(r"\1'", text)
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text without the apostrophes of `guarded`."""
    return _GUARD.sub(r"\1", text) if "'" in text else text
