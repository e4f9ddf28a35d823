"""The measured figures of the registry; importing this registers them all."""

from __future__ import annotations

from monitoring.metrics import cache, host, log, requests, uptime

__all__ = ["cache", "host", "log", "requests", "uptime"]
