"""The file of rejected rows: where each is, why, and the row itself, to be mended and imported again."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import TracebackType
from typing import Self

from business.importing.running import Rejection
from core.spreadsheets import guarded

_NUMBER = re.compile(r"[+-]?[\d.,]+")
OURS = ("line", "field", "reason", "file")


class RejectsFile:
    """Writes a CSV in UTF-8: line, field, reason, file, then the columns of the source. A row with several
    faults is one line, its fields separated by commas.

    People mend it in a spreadsheet: what would run there as a formula gets an apostrophe, which an import takes
    off again. Numbers stay as they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begun = False
        # Bytes that could not be read are shown as escapes: the file of rejects itself stays readable.
        self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        self._writer = csv.writer(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._begun:
            self._writer.writerow(OURS)
        self._file.close()

    def write(self, one: Rejection, header: list[str]) -> None:
        if not self._begun:
            self._begun = True
            theirs = [f"original_{name}" if name.casefold() in OURS else name for name in header]
            self._writer.writerow([*OURS, *map(guarded, theirs)])
        cells = [cell if _NUMBER.fullmatch(cell) else guarded(cell) for cell in one.cells]
        self._writer.writerow([one.line, ", ".join(one.fields), guarded(one.reason), guarded(one.file), *cells])
