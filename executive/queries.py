"""What the executive page and API show."""

from __future__ import annotations

from core import metrics
from core.metrics import Reading
from executive.figures import FIELDS
from executive.metrics import NEEDED, score
from executive.scope import Asked


def readings(asked: Asked, names: tuple[str, ...] = tuple(FIELDS)) -> dict[str, Reading]:
    """The figures of the answer as of the moment asked for.

    The score is made of figures that are read here anyway, so that none is read twice.
    """
    at = asked.moment.at
    wanted = set(names) - {"health_score"} | (set(NEEDED) if "health_score" in names else set())
    found = metrics.read(sorted(wanted), asked.where, at)
    if "health_score" in names:
        found["health_score"] = score({name: found[name] for name in NEEDED}, at)
    return found
