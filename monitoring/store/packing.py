"""Numbers packed into bytea, in PostgreSQL's own binary form (big endian), so that SQL can pack them too.

A row of packed numbers is a tenth of as many rows: 12 bytes a raw sample and no tuple header, index entry or
round trip of its own. NaN is a gap.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

INT: Final = ">i4"
FLOAT: Final = ">f8"


def pack_ints(values: Sequence[int]) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def pack_floats(values: Sequence[float]) -> bytes:
    return struct.pack(f">{len(values)}d", *values)
