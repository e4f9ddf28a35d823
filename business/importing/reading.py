"""Reads the records of a CSV file of any size, with the line where each begins.

Encoding and delimiter are found out from the file itself. A line that cannot be read (bytes that are not
UTF-8 in a file that otherwise is, a quote that never closes) is a record with an error; the lines after it
are read as if it were not there.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.utils.translation import gettext as _

from business.importing.mapping import DELIMITERS, ImportMap
from core.spreadsheets import unguarded

# Longer than any honest row: a quote that never closes would otherwise swallow the file.
LONGEST_LINE = 1_000_000
LONGEST_CELL = 200_000
MOST_LINES_OF_A_RECORD = 300
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPED = re.compile("[\udc80-\udcff]")
# Bytes that read as Portuguese in Windows-1252 where they stand: a sign; a small letter before text; a
# capital before capitals, or at a word's start. Damaged UTF-8 gives others ("SÃo", "ÿ", "â€").
_PLAUSIBLE = re.compile(
    rb"""
      [\x91-\x94\x96\x97\xa0\xa7\xaa\xb0\xb4\xba]
    | [\xe0-\xe5\xe7-\xea\xec-\xef\xf1-\xf6\xf9-\xfc] (?= [A-Za-z\xc0-\xff\s,;|.:/"')-] | $ )
    | (?<! [a-z] ) [\xc0-\xc5\xc7-\xca\xcc-\xcf\xd1-\xd6\xd9-\xdc] (?= [A-Z\xc0-\xde\s,;|."'-] | $ )
    | (?<! [A-Za-z] ) [\xc0-\xc5\xc7-\xca\xcc-\xcf\xd1-\xd6\xd9-\xdc] (?= [a-z] )
    """,
    re.VERBOSE,
)
_HIGH = re.compile(rb"[\x80-\xff]")


class FileError(Exception):
    """The file cannot be imported at all; the message says why and what to do."""


@dataclass(frozen=True)
class Looks:
    """What was found out about a file. `broken_lines`: lines whose bytes are not of the encoding."""

    encoding: str
    broken_lines: int
    has_nul: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `line` is the physical line where it begins, the header being line 1. With `error` its
    cells could not be read."""

    line: int
    cells: list[str]
    error: str = ""


def look(path: Path, encoding: str | None = None) -> Looks:
    """Reads the whole file once, bounded in memory, and decides how it is encoded."""
    try:
        with path.open("rb") as file:
            return _look(file, encoding)
    except OSError as error:
        raise FileError(f"{path.name}: {error.strerror or error}") from error


def _look(file: io.BufferedReader, encoding: str | None) -> Looks:
    start = file.peek(4)[:4]
    for mark, name in _BOMS:
        if start.startswith(mark) and (encoding is None or name.startswith(encoding.lower()[:5])):
            encoding = name
    if encoding is None and b"\0" in start and len(start) == 4:
        encoding = "utf-16-le" if start[1] == 0 else "utf-16-be"
    good = broken = plausible = 0
    nul = False
    # A multi-byte encoding has line ends of its own; only the others are judged by the line.
    by_line = encoding is None or not encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32"))
    for line in iter(lambda: file.readline(LONGEST_LINE), b"") if by_line else ():
        nul = nul or b"\0" in line
        if line.isascii():
            continue
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            broken += 1
            high = len(_HIGH.findall(line))
            plausible += len(_PLAUSIBLE.findall(line)) >= high
    if encoding is not None:
        utf8 = encoding.lower().startswith(("utf-8", "utf8"))
        return Looks(encoding, broken if utf8 else 0, nul or not by_line)
    if not broken:
        return Looks("utf-8", 0, nul)
    # Text of Windows-1252 is hardly ever valid UTF-8 by chance: a file with lines of both is damaged UTF-8,
    # unless nearly every line is not. With none that is valid, the bytes must make sense as letters.
    windows = plausible >= 0.8 * broken and (broken > 10 * good if good else True)
    return Looks("cp1252", 0, nul) if windows else Looks("utf-8", broken, nul)


class Table:
    """A CSV file: its header, and its records as an iterator. Use it as a context manager. Messages
    call the file `name`."""

    def __init__(self, path: Path, settings: ImportMap | None = None, name: str = "") -> None:
        self.path, self.name = path, name or path.name
        settings = settings or ImportMap({})
        self.looks = look(path, settings.encoding)
        self.bytes = path.stat().st_size
        self._raw = path.open("rb")
        # cp1252 leaves five bytes without a letter; Latin-1 has one for each.
        errors = "surrogateescape" if self.looks.encoding.startswith("utf-8") else "replace"
        self._text = io.TextIOWrapper(self._raw, encoding=self.looks.encoding, errors=errors, newline="")
        self._pushed: deque[str] = deque()
        self._handed: list[str] = []
        self._line = 0
        try:
            self.delimiter = self._find_delimiter(settings.delimiter)
            self.header = self._read_header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._text.close()

    @property
    def bytes_read(self) -> int:
        """How far the file was read, a little ahead of the records."""
        return self._raw.tell()

    def column(self, name: str) -> int:
        """The index of a column by its header, whatever its case and spaces; raises FileError when it is not
        there or not the only one."""
        for same in (str, _folded):
            found = [index for index, text in enumerate(self.header) if same(text) == same(name)]
            if len(found) == 1:
                return found[0]
            if found:
                raise FileError(
                    _("%(file)s has %(number)d columns “%(name)s”: rename all but one")
                    % {"file": self.name, "number": len(found), "name": name}
                )
        columns = ", ".join(f"“{text}”" for text in self.header[:40])
        raise FileError(
            _("%(file)s has no column “%(name)s”; it has %(columns)s")
            % {"file": self.name, "name": name, "columns": columns}
        )

    # ---- lines ------------------------------------------------------------------------------------
    def _next_line(self) -> str:
        if self._pushed:
            line = self._pushed.popleft()
        else:
            line = self._text.readline(LONGEST_LINE)
            if len(line) == LONGEST_LINE and not line.endswith("\n"):
                while (rest := self._text.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
                    pass
        if line:
            self._line += 1
            self._handed.append(line)
        return line

    def _lines(self) -> Iterator[str]:
        while line := self._next_line():
            if len(self._handed) > MOST_LINES_OF_A_RECORD:
                raise csv.Error("unexpected end of data")
            yield line

    def _take_back(self, keep: int) -> None:
        """Gives the lines of the present record after its first `keep` back, to be read again."""
        back = self._handed[keep:]
        self._line -= len(back)
        self._pushed.extendleft(reversed(back))

    # ---- records ----------------------------------------------------------------------------------
    def __iter__(self) -> Iterator[Record]:
        """Records in their order; blank lines are left out."""
        csv.field_size_limit(LONGEST_CELL)
        while True:
            rows = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
            self._handed, first = [], self._line + 1
            try:
                for cells in rows:
                    if any(cells) and (any(map(str.strip, cells))):
                        yield self._checked(first, cells)
                    self._handed, first = [], self._line + 1
                return
            except csv.Error as error:
                if not self._handed:
                    return
                cells = self._handed[0].rstrip("\r\n").split(self.delimiter)
                self._take_back(1)
                yield Record(first, cells, _explained(str(error)))

    def _checked(self, line: int, cells: list[str]) -> Record:
        if self.looks.broken_lines and any(_ESCAPED.search(cell) for cell in cells if not cell.isascii()):
            return Record(line, cells, _("This holds bytes that are not UTF-8: save the file again as UTF-8."))
        if self.looks.has_nul and any("\0" in cell for cell in cells):
            return Record(line, cells, _("This holds a NUL character: remove it."))
        width = len(self.header)
        if len(cells) < width:
            return Record(line, cells, _narrow(len(cells), width))
        if len(cells) > width:
            if any(map(str.strip, cells[width:])):
                return Record(
                    line,
                    cells,
                    f"{_narrow(len(cells), width)} "
                    + _("A cell that holds “%(delimiter)s” must be in quotes.") % {"delimiter": self.delimiter},
                )
            del cells[width:]
        return Record(line, cells)

    # ---- header and delimiter ---------------------------------------------------------------------
    def _find_delimiter(self, given: str | None) -> str:
        sample: list[str] = []
        while len(sample) < 30 and (line := self._next_line()):
            sample.append(line)
        self._handed, self._line = [], 0
        self._pushed.extend(sample)
        # Excel writes the delimiter in a line of its own, which is not the header.
        if sample and (said := re.fullmatch(r"\ufeff?sep=(.)\s*", sample[0], re.IGNORECASE)):
            self._pushed.popleft()
            self._line = 1
            return given or said[1]
        if given:
            return given
        return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))

    def _read_header(self) -> list[str]:
        csv.field_size_limit(LONGEST_CELL)
        try:
            for cells in csv.reader(self._lines(), delimiter=self.delimiter, strict=True):
                if any(map(str.strip, cells)):
                    self._handed = []
                    header = [unguarded(cell.strip()) for cell in cells]
                    while header and not header[-1]:
                        header.pop()
                    return header
        except csv.Error as error:
            raise FileError(
                _("%(file)s: the header cannot be read: %(why)s") % {"file": self.name, "why": _explained(str(error))}
            ) from error
        raise FileError(_("%(file)s is empty: its first line must name the columns") % {"file": self.name})


def _fit(sample: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter fits: the share of records as wide as the header, and the width."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    return round(sum(len(row) == width for row in rows) / len(rows), 1), width


def _narrow(cells: int, header: int) -> str:
    return _("This has %(cells)d cells, the header has %(header)d.") % {"cells": cells, "header": header}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _explained(error: str) -> str:
    if "unexpected end" in error:
        return _("A quote opens here and never closes: close it, or double it inside a quoted cell.")
    if "field larger" in error:
        return _("A cell is longer than %(longest)d characters.") % {"longest": LONGEST_CELL}
    if "expected after" in error:
        return _("A quote inside a quoted cell must be doubled.")
    return error
