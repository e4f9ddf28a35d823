"""What can go wrong with a call to the outside. Messages name the destination's host and the kind of failure,
never a path, a query, a header or a body: those carry secrets."""

from __future__ import annotations


class CallError(Exception):
    """A call that brought no answer."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host}: {why}")
        self.host, self.why = host, why


class Forbidden(CallError):
    """The destination may not be called; nothing was sent."""


class Unreachable(CallError):
    """No connection, or one that broke."""


class TimedOut(CallError):
    """No whole answer in time."""


class TooLarge(CallError):
    """The answer is larger than the caller takes."""


class CircuitOpen(CallError):
    """Not tried: the destination failed often a moment ago."""
