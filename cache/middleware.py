"""The limit of the API: per token, else per session, else per address. Pages have none."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cache.limits import Limiter, Policy, Verdict, fingerprint
from core.api.problems import Problem, problem
from core.http.proxies import client_ip

# Deliveries of Meta and pushes of samples come in bursts; they share no quota with people's calls.
_OWN: dict[str, Policy] = {
    "/api/whatsapp/webhook": Policy("webhook", 6000, 60),
    "/api/metrics": Policy("samples", 600, 60),
}
# Several servers that scrape every five seconds stay far below it.
_SCRAPES = Policy("metrics", 120, 60)
_NONE = frozenset({"/api/health", "/api/system/health"})


class RateLimitMiddleware:
    """Answers 429 when the caller's quota is used up, and tells every caller of the API what is left.

    Headers as in draft-ietf-httpapi-ratelimit-headers-10. The credential is not looked up: a made-up one has
    a quota of its own, but each 401 is charged to the address, which is refused once those exceed the limit.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.limiter = Limiter()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path.rstrip("/")
        if request.path == "/metrics":
            return self._limited(request, _SCRAPES)
        if not request.path.startswith("/api/") or path in _NONE:
            return self.get_response(request)
        policy = _OWN.get(path) if request.method == "POST" else None
        return self._limited(request, policy or Policy("api", settings.API_LIMIT.calls, settings.API_LIMIT.seconds))

    def _limited(self, request: HttpRequest, policy: Policy) -> HttpResponse:
        address = f"address:{client_ip(request) or 'local'}"
        caller = self._credential(request)
        refused = Policy("refused", policy.calls, policy.seconds)
        if caller:
            unproven = self.limiter.look(refused, address)
            if not unproven.allowed:
                return self._too_many(request, unproven)
        verdict = self.limiter.take(policy, caller or address)
        if not verdict.allowed:
            return self._too_many(request, verdict)
        response = self.get_response(request)
        if caller and response.status_code == 401:
            self.limiter.take(refused, address)
        return self._tell(response, verdict)

    def _credential(self, request: HttpRequest) -> str | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return f"token:{fingerprint(token.strip())}"
        if session := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            return f"session:{fingerprint(session)}"
        return None

    def _too_many(self, request: HttpRequest, verdict: Verdict) -> HttpResponse:
        policy, wait = verdict.policy, max(1, verdict.retry_after_s)
        detail = f"At most {policy.calls} calls in {policy.seconds} s. Try again in {wait} s."
        error = Problem(429, detail, headers={"Retry-After": str(wait)})
        return self._tell(problem(request, error), verdict)

    def _tell(self, response: HttpResponse, verdict: Verdict) -> HttpResponse:
        policy = verdict.policy
        quota = f'"{policy.name}";q={policy.calls};w={policy.seconds}'
        if not verdict.enforced:
            # An extension parameter, which clients that do not know it ignore.
            response["RateLimit-Policy"] = f"{quota};enforced=?0"
            return response
        response["RateLimit-Policy"] = quota
        response["RateLimit"] = f'"{policy.name}";r={verdict.remaining};t={verdict.reset_s}'
        return response
