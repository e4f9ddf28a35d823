"""The measured figures of the registry; importing this registers them all."""

from __future__ import annotations

from monitoring.metrics import business, cache, host, log, requests, services, tasks, uptime

__all__ = ["business", "cache", "host", "log", "requests", "services", "tasks", "uptime"]
