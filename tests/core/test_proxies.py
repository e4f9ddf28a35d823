"""Forwarding headers are believed when a trusted proxy sends them, and never otherwise."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from core.http.proxies import TrustedProxyMiddleware, client_ip


def _seen(settings: object, trusted: tuple[str, ...], remote: str, **headers: str) -> HttpRequest:
    settings.TRUSTED_PROXIES = trusted  # type: ignore[attr-defined]
    request = RequestFactory().get(
        "/", REMOTE_ADDR=remote, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    TrustedProxyMiddleware(lambda request: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "expected"),
    [
        ((), "203.0.113.9", "1.2.3.4", "203.0.113.9"),
        (("10.0.0.0/8",), "203.0.113.9", "1.2.3.4", "203.0.113.9"),
        (("10.0.0.0/8",), "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        # What the caller wrote itself stands left of what the proxy added.
        (("10.0.0.0/8",), "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (("10.0.0.0/8",), "10.0.0.1", "", "10.0.0.1"),
        (("2001:db8::/32",), "2001:db8::1", "2001:db9::7", "2001:db9::7"),
        # Not an address: the proxy that passed it on is the last that is known.
        (("10.0.0.0/8",), "10.0.0.1", "1.2.3.4, <script>", "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
    ],
)
def test_address(settings: object, trusted: tuple[str, ...], remote: str, forwarded: str, expected: str) -> None:
    assert client_ip(_seen(settings, trusted, remote, X_Forwarded_For=forwarded)) == expected


def test_scheme_is_believed_of_a_trusted_proxy_only(settings: object) -> None:
    assert _seen(settings, ("10.0.0.0/8",), "10.0.0.1", X_Forwarded_Proto="https").is_secure()
    assert not _seen(settings, (), "10.0.0.1", X_Forwarded_Proto="https").is_secure()
    assert not _seen(settings, ("10.0.0.0/8",), "10.0.0.1", X_Forwarded_Proto="http").is_secure()


def test_presence_of_a_header_is_remembered(settings: object) -> None:
    assert _seen(settings, (), "127.0.0.1", Forwarded="for=1.2.3.4").was_forwarded  # type: ignore[attr-defined]
    assert not _seen(settings, (), "127.0.0.1").was_forwarded  # type: ignore[attr-defined]


def test_forwarded_host_is_never_believed(settings: object) -> None:
    request = _seen(settings, ("10.0.0.0/8",), "10.0.0.1", X_Forwarded_Host="evil.example")
    assert request.get_host() == "testserver"
