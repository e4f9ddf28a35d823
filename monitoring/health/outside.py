"""Services of others, each asked by a real and cheap call, with its own error told apart.

- meta: the business account (or, without one, the token's own user) from Meta's Graph API;
- whatsapp: the number that sends, from the same API;
- google: the discovery document of Google as the provider of single sign-on, when FVDASH_OIDC names it (its
  address is accounts.google.com, or its id is "google"). The product uses nothing else of Google yet.

Graph's errors: https://developers.facebook.com/docs/graph-api/guides/error-handling and, for codes above
130000, the Cloud API's list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from core.http.client import Answer, Timeout, call
from core.http.errors import CallError, TimedOut
from core.logs import scrub
from monitoring.health.outcomes import Finding, Status

type Ask = Callable[[float], None]

SLOW_MS = 3000.0
"""A service on the other side of the internet is slow from here on."""
MOST_BYTES = 64 * 1024
_TOKEN = {102, 190, 463, 467}
_LIMITED = {4, 17, 32, 613, 80007, 130429, 131048, 131056}
_REFUSED = {3, 10, 100, 803, *range(200, 300)}


def configured() -> dict[str, Ask]:
    """The checks that can be made: by name, as far as the environment names the service."""
    env = settings.ENV
    asks: dict[str, Ask] = {}
    if env["WHATSAPP_ACCESS_TOKEN"]:
        asks["meta"] = meta
    if google_address():
        asks["google"] = google
    if env["WHATSAPP_ACCESS_TOKEN"] and env["WHATSAPP_PHONE_NUMBER_ID"]:
        asks["whatsapp"] = whatsapp
    return asks


def meta(timeout: float) -> None:
    """GET /{account}, or /me, on the token."""
    account = settings.ENV["WHATSAPP_BUSINESS_ACCOUNT_ID"]
    _graph(account or "me", "id,name", timeout)


def whatsapp(timeout: float) -> None:
    """GET /{phone number}; Meta's own rating of the number tells more than that it exists."""
    found = _graph(settings.ENV["WHATSAPP_PHONE_NUMBER_ID"], "id,quality_rating", timeout)
    if found.get("quality_rating") == "RED":
        raise Finding(Status.DEGRADED, "failing", "quality_rating RED")


def google_address() -> str | None:
    """Where Google's discovery document lies; None when no provider of single sign-on is Google."""
    for provider in settings.ENV["FVDASH_OIDC"] or ():
        address = str(provider["server_url"])
        if provider["id"] == "google" or urlsplit(address).hostname == "accounts.google.com":
            return address if "/.well-known/" in address else f"{address.rstrip('/')}/.well-known/openid-configuration"
    return None


def google(timeout: float) -> None:
    """GET the discovery document: without it nobody signs in through Google."""
    address = google_address()
    assert address is not None
    answer = _answer(address, timeout, {})
    if not answer.well:
        raise _by_status(answer.status)
    document = _object(answer)
    if not document.get("issuer") or not document.get("authorization_endpoint"):
        raise Finding(Status.DOWN, "unexpected", "no discovery document")


def _graph(what: str, fields: str, timeout: float) -> dict[str, Any]:
    env = settings.ENV
    base, version = str(env["WHATSAPP_API_BASE"]).rstrip("/"), env["WHATSAPP_API_VERSION"]
    headers = {"Authorization": f"Bearer {env['WHATSAPP_ACCESS_TOKEN']}"}
    answer = _answer(f"{base}/{version}/{quote(str(what), safe='')}?fields={fields}", timeout, headers)
    try:
        body = _object(answer)
    except Finding:
        # A gateway's page stands for the service behind it.
        raise (_by_status(answer.status) if answer.status >= 400 else _by_body(answer)) from None
    error = body.get("error")
    if isinstance(error, dict):
        raise _graph_finding(answer.status, error)
    if not answer.well:
        raise _by_status(answer.status)
    return body


def _graph_finding(status: int, error: dict[str, Any]) -> Finding:
    """Graph's own error: (190/463) message, by what it means for us."""
    code = error.get("code") if isinstance(error.get("code"), int) else 0
    subcode = error.get("error_subcode")
    more = error.get("error_data")
    words = [str(error.get("message", ""))]
    if isinstance(more, dict) and more.get("details"):
        words.append(str(more["details"]))
    detail = _safe(f"Graph {code}{f'/{subcode}' if subcode else ''}: {' '.join(words)}")
    if code in _TOKEN or status == 401:
        return Finding(Status.DOWN, "token", detail)
    if code in _LIMITED or status == 429:
        # It answers, and would serve us if we asked less.
        return Finding(Status.DEGRADED, "limited", detail)
    if code in _REFUSED or status in (400, 403, 404):
        return Finding(Status.DOWN, "refused", detail)
    return Finding(Status.DOWN, "failing", detail)


def _by_status(status: int) -> Finding:
    detail = f"HTTP {status}"
    if status == 401:
        return Finding(Status.DOWN, "token", detail)
    if status == 429:
        return Finding(Status.DEGRADED, "limited", detail)
    if status >= 500:
        return Finding(Status.DOWN, "failing", detail)
    return Finding(Status.DOWN, "refused" if status >= 400 else "unexpected", detail)


def _by_body(answer: Answer) -> Finding:
    return Finding(Status.DOWN, "unexpected", f"HTTP {answer.status}, no JSON object")


def _object(answer: Answer) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        raise _by_body(answer) from None
    if not isinstance(body, dict):
        raise _by_body(answer)
    return body


def _answer(url: str, timeout: float, headers: dict[str, str]) -> Answer:
    """One try and no circuit: the next round is the next try. The address is the environment's own."""
    # A little less than the round waits: its own words are better than "no answer".
    limits = Timeout(connect=min(3.0, timeout), read=timeout, total=timeout * 0.9)
    try:
        return call("GET", url, headers=headers, timeout=limits, most=MOST_BYTES, private=True, use_circuit=False)
    except TimedOut as error:
        raise Finding(Status.DOWN, "timeout", _safe(str(error))) from None
    except CallError as error:
        raise Finding(Status.DOWN, "unreachable", _safe(str(error))) from None


def _safe(text: str) -> str:
    """Without our token, should a service repeat it."""
    token = settings.ENV["WHATSAPP_ACCESS_TOKEN"]
    return scrub(" ".join((text.replace(token, "••••") if token else text).split()))[:300]
