"""Whose forwarding headers are believed: those of the proxies in FVDASH_TRUSTED_PROXIES, and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FORWARDING = frozenset({"HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_TRUE_CLIENT_IP"})
"""Beside all that begin with X-Forwarded: what only somebody in between sends."""


@lru_cache
def _trusted(networks: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in networks)


def _is_trusted(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in _trusted(tuple(settings.TRUSTED_PROXIES)))


def _address(hop: str) -> str | None:
    """The address of a hop, which some proxies write with a port; None when it is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None


class TrustedProxyMiddleware:
    """Sets `REMOTE_ADDR` and the scheme from the headers of a trusted proxy: the address is the rightmost
    one that is not a trusted proxy itself. Remembers in `request.was_forwarded` that a header was present."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        request.was_forwarded = any(name in FORWARDING or name.startswith("HTTP_X_FORWARDED") for name in meta)  # type: ignore[attr-defined]
        if _is_trusted(meta.get("REMOTE_ADDR", "")):
            hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            for hop in reversed(hops):
                address = _address(hop)
                if address is None:
                    break
                meta["REMOTE_ADDR"] = address
                if not _is_trusted(address):
                    break
            if meta.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip() == "https":
                meta["wsgi.url_scheme"] = "https"
                if hasattr(request, "scope"):
                    request.scope["scheme"] = "https"
        for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"):
            meta.pop(name, None)
        return self.get_response(request)


def client_ip(request: HttpRequest) -> str | None:
    """The caller's address, None when the server did not say (a Unix socket)."""
    address = request.META.get("REMOTE_ADDR") or None
    try:
        return str(ipaddress.ip_address(address)) if address else None
    except ValueError:
        return None
