"""Health checks: asked every thirty seconds, damped, kept, and answered also while a dependency is away.

`loop` makes the rounds in the collector's process, `history` writes and reads them, `report` answers callers,
`uptime` measures windows and beats.
"""

from __future__ import annotations

from monitoring.health.damping import FRESH, INTERVAL
from monitoring.health.history import keep
from monitoring.health.loop import HealthLoop, run_forever
from monitoring.health.outcomes import ALL, ESSENTIAL, OUTSIDE, REASONS, Outcome, Status, overall
from monitoring.health.report import Check, Report, current, kept, on_the_spot, reader, report_of
from monitoring.health.runner import Runner, runner

__all__ = [
    "ALL",
    "ESSENTIAL",
    "FRESH",
    "INTERVAL",
    "OUTSIDE",
    "REASONS",
    "Check",
    "HealthLoop",
    "Outcome",
    "Report",
    "Runner",
    "Status",
    "current",
    "keep",
    "kept",
    "on_the_spot",
    "overall",
    "reader",
    "report_of",
    "run_forever",
    "runner",
]
