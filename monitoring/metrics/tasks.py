"""Figures of the tasks that workers run, as the collector that leads samples them."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from core.metrics import Unit
from monitoring.metrics.sampled import sampled

_TASK: Final = ("task",)
_RUNS: Final = _("Runs of the task that ended in the last whole minute, however they ended, in all workers.")
_FAILED: Final = _("Runs that ended in an error in the last whole minute; those tried again are not among them.")
_AGAIN: Final = _("Runs that asked to be tried again, in the last whole minute.")
_MEAN: Final = _("Sum of the run times ÷ runs of the last whole minute; unknown where none ran.")
_P95: Final = _(
    "Nearest rank in the histograms of all workers, merged, within 4.5 percent, of the last whole minute; unknown"
    " where none ran."
)

sampled(
    ("task.count", Unit.PER_MINUTE, _("Tasks, runs"), _RUNS, _TASK, 0, None),
    ("task.failures", Unit.PER_MINUTE, _("Tasks, failures"), _FAILED, _TASK, 0, False),
    ("task.retries", Unit.PER_MINUTE, _("Tasks, tried again"), _AGAIN, _TASK, 0, False),
    ("task.duration_ms", Unit.MILLISECONDS, _("Tasks, mean time of a run"), _MEAN, _TASK, 1, False),
    ("task.p95_ms", Unit.MILLISECONDS, _("Tasks, 95th percentile of a run"), _P95, _TASK, 1, False),
)
