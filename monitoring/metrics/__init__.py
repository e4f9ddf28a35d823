"""The measured figures of the registry; importing this registers them all."""

from __future__ import annotations

from monitoring.metrics import business, cache, host, requests, services, uptime

__all__ = ["business", "cache", "host", "requests", "services", "uptime"]
