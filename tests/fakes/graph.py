"""Meta's Graph API as far as the health checks ask it: a phone number and a business account, on a token.

`graph.fails(status, error)` makes it answer every call with an error of Graph's own form; `graph.hangs()` with
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.web import FakeWeb, Reply, Seen

TOKEN, PHONE, ACCOUNT, VERSION = "EAAtest-token", "106540352242922", "102290129340398", "v26.0"


def graph_error(code: int, message: str, subcode: int | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AtestTRACE"}
    return {"error": error | ({"error_subcode": subcode} if subcode else {})}


@dataclass
class FakeGraph(FakeWeb):
    failure: Reply | None = None

    def fails(self, status: int, body: Any, **headers: str) -> None:
        self.failure = Reply(status, body, headers)

    def hangs(self) -> None:
        self.failure = Reply(hang=True)

    def works(self) -> None:
        self.failure = None

    def environment(self) -> dict[str, str]:
        """The variables that make the product use it."""
        return {
            "WHATSAPP_API_BASE": self.url,
            "WHATSAPP_API_VERSION": VERSION,
            "WHATSAPP_ACCESS_TOKEN": TOKEN,
            "WHATSAPP_PHONE_NUMBER_ID": PHONE,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
        }

    def reply_to(self, seen: Seen) -> Reply:
        if self.failure is not None:
            return self.failure
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, graph_error(190, "Invalid OAuth access token - Cannot parse access token"))
        known = {
            f"/{VERSION}/{PHONE}": {"verified_name": "Maré", "quality_rating": "GREEN", "id": PHONE},
            f"/{VERSION}/{ACCOUNT}": {"id": ACCOUNT, "name": "Maré Digital"},
            f"/{VERSION}/me": {"id": "122", "name": "system"},
        }
        if seen.path in known:
            return Reply(200, known[seen.path])
        return Reply(400, graph_error(100, "Unsupported get request. Object does not exist", 33))
