"""How long to wait after too many attempts, from the same counters that refuse them."""

from __future__ import annotations

import math
import time

from allauth.account import app_settings
from allauth.core.internal.ratelimit import get_cache_key, get_rates
from django.core.cache import cache
from django.http import HttpRequest


def wait(request: HttpRequest, action: str, key: str | None = None) -> int:
    """Seconds until `action` is allowed again; 0 when it is now."""
    longest = 0.0
    for rate in get_rates(app="allauth.account", action=action):
        if (rate.per == "key" and key is None) or (rate.per == "user" and not request.user.is_authenticated):
            continue
        history = cache.get(get_cache_key(request, app="allauth.account", action=action, rate=rate, key=key), [])
        if len(history) >= rate.amount:
            # Newest first; the oldest of the last `amount` attempts has to fall out of the window.
            longest = max(longest, history[rate.amount - 1] + rate.duration - time.time())
    return math.ceil(longest)


def longest_wait(request: HttpRequest) -> int | None:
    """The longest wait of any action that counts by address or person; None when none is exceeded."""
    return max((wait(request, action) for action in app_settings.RATE_LIMITS), default=0) or None
