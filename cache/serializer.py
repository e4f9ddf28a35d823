"""Values in Redis are JSON: nothing read from it can run code, as a pickle could."""

from __future__ import annotations

from typing import Any

import orjson


class JSONSerializer:
    """Serialiser of Django's Redis cache. Whole numbers stay bare, so that `incr` works on them."""

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int:
            return value
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)

    def loads(self, data: bytes) -> Any:
        return orjson.loads(data)
