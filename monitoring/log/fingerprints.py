"""Which records are the same trouble: one logger, level, template, kind of exception, and place in our code.

Line numbers are left out, so that a group outlives an edit of its file; ids in a text are left out, so that
a message made with an f-string is one group and not one for each row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

ROOT: Final = str(Path(__file__).resolve().parents[2]) + "/"
INNERMOST: Final = 3
_FIELD = re.compile(r"%(?:\(\w+\))?[#0\- +]*[\d.*]*[a-zA-Z]")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_HEX = re.compile(r"\b(?:0x[0-9a-fA-F]+|(?=[a-fA-F]*\d)[0-9a-fA-F]{8,})\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_QUOTED = re.compile(r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"")


@lru_cache(maxsize=2048)
def template(text: str, *, quoted: bool) -> str:
    """The text with what varies replaced by signs; `quoted` also what stands in quotation marks."""
    text = text[:500]
    if quoted:
        text = _QUOTED.sub("'…'", text)
    return _NUMBER.sub("#", _HEX.sub("#", _UUID.sub("#", text)))


@lru_cache(maxsize=2048)
def says_nothing(text: str) -> bool:
    """Whether a template is made of fields alone, such as "%s: %s"."""
    return not any(sign.isalpha() for sign in _FIELD.sub("", text))


@lru_cache(maxsize=4096)
def own(filename: str) -> str | None:
    """The path of a file of ours below the project; None for a library's."""
    if not filename.startswith(ROOT) or "/site-packages/" in filename or "/.venv/" in filename:
        return None
    return filename.removeprefix(ROOT)


def place(filename: str, function: str) -> str:
    """Where something happened, for people and for the fingerprint: file and function, no line."""
    path = own(filename) or "/".join(filename.rsplit("/", 2)[-2:])
    return f"{path}:{function}"


@lru_cache(maxsize=4096)
def fingerprint(*parts: str) -> str:
    """32 hexadecimal digits."""
    return hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).hexdigest()


def innermost(frames: Iterable[tuple[str, str]]) -> list[str]:
    """The places of our own code nearest to the exception, nearest first; else the library's one."""
    found = list(frames)
    ours = [place(*frame) for frame in found if own(frame[0])]
    return ours[-INNERMOST:][::-1] or [place(*frame) for frame in found[-1:]]
