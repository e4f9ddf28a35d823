"""What a body may be: JSON, and called that."""

from __future__ import annotations

from django.http import HttpRequest

from core.api.problems import Problem


def require_json(request: HttpRequest) -> None:
    """Raises 415 when a body comes as something else. A form's content type is what a browser can send to
    another site without asking, and what curl sends when nobody says otherwise."""
    kind = (request.content_type or "").lower()
    if kind != "application/json" and not kind.endswith("+json") and not _empty(request):
        raise not_json(kind)


def not_json(kind: str) -> Problem:
    """The answer to a body of another kind."""
    return Problem(
        415,
        f"Send JSON with Content-Type: application/json; this came as {kind or 'a body without a type'}.",
        headers={"Accept": "application/json"},
    )


def _empty(request: HttpRequest) -> bool:
    if "Transfer-Encoding" in request.headers:
        return False
    # A form of many parts without any is its closing line alone: --boundary-- and an end of line.
    closing = len((request.content_params or {}).get("boundary", "")) + 6
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    return length <= (closing if request.content_type == "multipart/form-data" else 0)
