"""What every template may read. (First version; the owner of core/pages completes it.)"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    return {}
