"""Who may have /metrics, and in which form: before the session, since a scraper has none."""

from __future__ import annotations

import gzip
import ipaddress
import logging
from collections.abc import Callable
from typing import Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from core.http.proxies import client_ip
from core.people.access import Area, Viewer
from core.people.viewers import viewer_of_token
from monitoring.exposition import families
from monitoring.exposition.bounded import Bounded, Silent

logger = logging.getLogger(__name__)

PATH: Final = "/metrics"
PATIENCE_S: Final = 5.0
"""How long a scrape waits for the database: less than the ten seconds that Prometheus waits for us."""
_PACKED_FROM: Final = 1_000

database = Bounded(PATIENCE_S)


def metrics(request: HttpRequest) -> HttpResponse:
    """The whole answer to a request for PATH; one that can never take longer than PATIENCE_S."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    local = _is_local(request)
    token = _token(request)
    if token is None and not local:
        return _unauthorised("Send Authorization: Bearer <token>.")
    try:
        found = database.ask(lambda: _read(token))
    except Silent as error:
        logger.warning("no metrics: the database does not answer", extra={"error": str(error.__cause__ or "")})
        answer = _plain("The database does not answer.", 503)
        answer["Retry-After"] = "10"
        return answer
    return found if isinstance(found, HttpResponse) else _written(request, found)


def _read(token: str | None) -> families.Families | HttpResponse:
    """With a token, what its person and scopes allow; from this machine, everything."""
    business = True
    if token is not None:
        viewer = viewer_of_token(token)
        if viewer is None:
            return _unauthorised("The token is unknown, expired or revoked.")
        if not viewer.may(Area.MONITORING):
            return _insufficient()
        business = _sees_business(viewer)
    return families.read(timezone.now(), business=business)


def _sees_business(viewer: Viewer) -> bool:
    """Figures of the agencies are the group's: for those who may see /executive as a whole."""
    return viewer.scope(Area.EXECUTIVE).everything


def _token(request: HttpRequest) -> str | None:
    """What stands in the header. A credential that is none is not the same as no credential."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is_local(request: HttpRequest) -> bool:
    """From the loopback, not through a proxy, and by a name of ours: a page that points its own name at the
    loopback (DNS rebinding) must not read this in a browser."""
    address = ipaddress.ip_address(client_ip(request) or "0.0.0.0")  # noqa: S104
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if not address.is_loopback or request.was_forwarded:  # type: ignore[attr-defined]
        return False
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _written(request: HttpRequest, found: families.Families) -> HttpResponse:
    if prefers_openmetrics(request.headers.get("Accept", "")):
        body, kind = openmetrics.generate_latest(found), openmetrics.CONTENT_TYPE_LATEST
    else:
        body, kind = generate_latest(found), CONTENT_TYPE_PLAIN_0_0_4
    packed = len(body) >= _PACKED_FROM and "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(gzip.compress(body, 3, mtime=0) if packed else body, content_type=kind)
    if packed:
        answer["Content-Encoding"] = "gzip"
    answer["Content-Length"] = str(len(answer.content))
    answer["Vary"] = "Accept, Accept-Encoding, Authorization"
    return _kept_nowhere(answer)


def prefers_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics 1.0 is wanted no less than plain text. An older one than that is not written."""
    wanted = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.split(","):
        kind, *rest = (word.strip() for word in part.split(";"))
        options = dict(word.split("=", 1) for word in rest if "=" in word)
        if kind in wanted and options.get("version") != "0.0.1":
            wanted[kind] = max(wanted[kind], _weight(options.get("q", "1")))
    return 0 < wanted["application/openmetrics-text"] >= wanted["text/plain"]


def _weight(q: str) -> float:
    try:
        return float(q)
    except ValueError:
        return 0.0


def _kept_nowhere(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _plain(text: str, status: int) -> HttpResponse:
    return _kept_nowhere(HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8", status=status))


def _unauthorised(text: str) -> HttpResponse:
    answer = _plain(text, 401)
    answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return answer


def _insufficient() -> HttpResponse:
    """RFC 6750: the token is known and does not reach that far."""
    answer = _plain("The token needs the scope monitoring, and its person a role that opens monitoring.", 403)
    answer["WWW-Authenticate"] = 'Bearer realm="metrics", error="insufficient_scope", scope="monitoring"'
    return answer


class ExpositionMiddleware:
    """Answers PATH after the rate limit, and before anything that needs a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return metrics(request) if request.path == PATH else self.get_response(request)
