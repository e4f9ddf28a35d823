"""The values that components take: frozen, typed, already scoped to the viewer and read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from django.utils.functional import Promise

type Text = str | Promise
"""A translated string, lazy or not. A SafeString may carry <b>; anything else is escaped."""

type Number = Decimal | int | float

Kind = Literal["money", "number", "percent", "duration", "ms", "points", "bytes"]
"""How a figure is written; see core.formats.figure."""


class Tone(StrEnum):
    """How bad it is. Plain is ink: colour is news."""

    PLAIN = ""
    WARNING = "warning"
    CRITICAL = "critical"
    OK = "ok"


class Status(StrEnum):
    """Every status has its own silhouette in static/img/icons.svg."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    STALE = "stale"
    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    OFF = "off"
    INFO = "info"


@dataclass(frozen=True)
class Link:
    """A thing to press. `count` is shown after the label of a tab, `current` marks where one is."""

    label: Text
    href: str
    current: bool = False
    count: int | None = None
    icon: str = ""


@dataclass(frozen=True)
class Change:
    """The difference against a named base. `worse` is decided by whoever knows the figure: more churn is
    worse.

    `amount` is formatted text without sign ("8,4 %"); `base` says against what ("ante 1–24 out.").
    """

    way: Literal["up", "down", "flat"]
    amount: Text
    base: Text = ""
    worse: bool = False


class State(StrEnum):
    NORMAL = ""
    STALE = "stale"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Tile:
    """One figure of a ledger.

    - `value` None is shown as "no data" (or "not available" with `state=UNAVAILABLE`), whatever the state.
    - `href` opens the definition and the rows behind the figure.
    - `as_of` is aware; `zone` names the time zone it is shown in (the active one if None).
    - `note` follows the change; for an unknown figure it is the reason, and `action` the one next step.
    - `feature` names what is not built or connected yet, for `state=UNAVAILABLE`.
    - `chart` is what core.charts returned. `shape` "big" takes four cells, "tall" puts the chart below.
    """

    label: Text
    value: Number | None
    kind: Kind = "number"
    unit: Text = ""
    currency: str = "BRL"
    places: int | None = None
    href: str = ""
    as_of: datetime | None = None
    age: timedelta | None = None
    state: State = State.NORMAL
    change: Change | None = None
    note: Text = ""
    action: Link | None = None
    feature: Text = ""
    chart: str = ""
    shape: Literal["", "big", "tall"] = ""
    id: str = ""

    @property
    def shown(self) -> State:
        """The state that is drawn: a figure without a value is unknown, unless it is not available at all."""
        if self.state is State.UNAVAILABLE:
            return self.state
        return State.UNKNOWN if self.value is None else self.state


@dataclass(frozen=True)
class Cell:
    """One cell of a reading: a sentence with figures, then a smaller one, then at most one link."""

    text: Text
    more: Text = ""
    link: Link | None = None
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Reading:
    """What is wrong, what changed, why: the first thing on every page."""

    wrong: Cell
    changed: Cell
    why: Cell


@dataclass(frozen=True)
class Moment:
    """One line of a timeline, newest first. `at` is aware; a future one is written as what will happen."""

    at: datetime
    text: Text
    icon: str = "info"
    tone: Tone = Tone.PLAIN
    link: Link | None = None


@dataclass(frozen=True)
class Badge:
    """The words beside a rail entry ("1 crítico", "em dia")."""

    text: Text
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Scopes:
    """The agency switcher of a page: where one is and the same page for the other agencies."""

    label: Text
    options: Sequence[Link] = field(default_factory=tuple)


@dataclass(frozen=True)
class JobView:
    """A job as the progress bar shows it. `status`: queued, running, done, failed, cancelled."""

    id: str
    title: Text
    status: str
    progress: int
    detail: Text = ""
    poll: str = ""
    result: Link | None = None

    @property
    def over(self) -> bool:
        return self.status in ("done", "failed", "cancelled")
