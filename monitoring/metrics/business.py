"""Business now (MO-3): who is at work, what they do, what comes in; and its history, kept by the collector."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.metrics import Kind, Metric, Reading, State, Unit, Where, register
from monitoring.metrics import common, sampled
from monitoring.store import Sampled

MINUTE, ACTIVE, HOUR = dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(hours=1)

# A person's last moment is written once a minute at most, so `last_at` may be a minute old for one who is there.
_NOW = (
    "SELECT (SELECT count(DISTINCT user_id) FROM core_useractivity WHERE last_at > %(active)s AND last_at <= %(at)s),"
    " (SELECT count(*) FROM core_auditevent WHERE occurred_at > %(minute)s AND occurred_at <= %(at)s"
    "    AND outcome = 'success'),"
    " (SELECT 100.0 * count(*) FILTER (WHERE outcome = 'won') / nullif(count(*), 0) FROM business_lead"
    "    WHERE agency_id = ANY (ARRAY(SELECT id FROM core_agency)) AND outcome IN ('won', 'lost')"
    "    AND closed_at >= %(today)s AND closed_at <= %(at)s)"
)
# Every currency in use has a figure: an hour without a payment brought in nothing, which is known.
_REVENUE = (
    "SELECT currency, coalesce(sum(amount) FILTER (WHERE paid_at > %(minute)s), 0), coalesce(sum(amount), 0) / 60"
    "  FROM core_agency LEFT JOIN business_payment ON agency_id = core_agency.id"
    "   AND paid_at > %(hour)s AND paid_at <= %(at)s"
    " GROUP BY currency ORDER BY currency"
)
REVENUE = ("business.revenue_per_min", "business.revenue_per_min_1h")


def measured(at: dt.datetime, zone: str) -> dict[str, Decimal | None]:
    """People, operations and conversion as of `at`; the day begins in `zone`. One query."""
    local = at.astimezone(ZoneInfo(zone))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    ((active, operations, conversion),) = common.rows(
        _NOW, {"at": at, "active": at - ACTIVE, "minute": at - MINUTE, "today": today}
    )
    return {
        "business.active_users_5m": Decimal(active),
        "business.operations_per_min": Decimal(operations),
        "business.conversion_today_pct": common.decimal(conversion),
    }


def revenue(at: dt.datetime) -> dict[str, tuple[Decimal, Decimal]]:
    """By currency: received in the last minute, and in the last hour ÷ 60. One query."""
    rows = common.rows(_REVENUE, {"at": at, "minute": at - MINUTE, "hour": at - HOUR})
    return {currency: (minute, hour) for currency, minute, hour in rows}


def samples(now: dt.datetime) -> Iterator[Sampled]:
    """All of them as samples of this moment; a conversion of nothing closed is a gap."""
    # What is written at this moment is not of the tick, which is some ms ago.
    at = timezone.now()
    for name, value in measured(at, settings.TIME_ZONE).items():
        if value is not None:
            yield Sampled(name, float(value))
    for currency, values in revenue(at).items():
        for name, value in zip(REVENUE, values, strict=True):
            yield Sampled(name, float(value), {"currency": currency})


def read(where: Where, as_of: dt.datetime, names: Sequence[str]) -> dict[str, Reading]:
    """Now, from the rows; of the past, from what was kept: who was there cannot be told from rows later."""
    if timezone.now() - as_of > MINUTE:
        return sampled.read(where, as_of, names)
    found: dict[str, Reading] = {}
    if wanted := [name for name in names if name not in REVENUE]:
        values = measured(as_of, where.zone)
        for name in wanted:
            note = "" if values[name] is not None else _("no lead was closed today")
            state = State.KNOWN if values[name] is not None else State.NO_DATA
            found[name] = Reading(values[name], as_of, state, note)
    if any(name in REVENUE for name in names):
        found |= {name: one for name, one in _revenue(where, as_of).items() if name in names}
    return found


def _revenue(where: Where, as_of: dt.datetime) -> dict[str, Reading]:
    by_currency = revenue(as_of)
    chosen = where.currency or (next(iter(by_currency)) if len(by_currency) == 1 else None)
    readings = {}
    for number, name in enumerate(REVENUE):
        parts = {currency: common.decimal(values[number]) for currency, values in by_currency.items()}
        if chosen is None:
            note = _("choose a currency: there are several") if parts else _("there is no agency yet")
            readings[name] = Reading(None, as_of, State.NO_DATA, note, parts)
        else:
            readings[name] = Reading(parts.get(chosen, Decimal(0)), as_of, parts=parts)
    return readings


def _now(name: str, unit: Unit, kind: Kind, label: object, formula: object, decimals: int = 0) -> Metric:
    labels = ("currency",) if name in REVENUE else ()
    return Metric(
        name,
        unit,
        kind,
        label,
        formula,
        read,
        sampled.series,
        higher_is_better=True if unit in (Unit.MONEY, Unit.PERCENT) else None,
        per_agency=False,
        decimals=decimals,
        labels=labels,
        lines=sampled.lines,
    )


register(
    _now(
        "business.active_users_5m",
        Unit.COUNT,
        Kind.GAUGE,
        gettext_lazy("Active users, 5 minutes"),
        gettext_lazy(
            "Distinct people who signed in or opened a page in the last 5 minutes, seen once a minute each. Automatic"
            " refreshes and API tokens do not count."
        ),
    ),
    _now(
        "business.operations_per_min",
        Unit.PER_MINUTE,
        Kind.FLOW,
        gettext_lazy("Operations per minute"),
        gettext_lazy("Events of the audit trail of the last 60 seconds that succeeded, whoever or whatever acted."),
    ),
    _now(
        "business.revenue_per_min",
        Unit.MONEY,
        Kind.FLOW,
        gettext_lazy("Revenue, last minute"),
        gettext_lazy("Payments received in the last 60 seconds, by currency; refunds are not taken off."),
        2,
    ),
    _now(
        "business.revenue_per_min_1h",
        Unit.MONEY,
        Kind.FLOW,
        gettext_lazy("Revenue per minute, last hour"),
        gettext_lazy("Payments received in the last 60 minutes ÷ 60, by currency; refunds are not taken off."),
        2,
    ),
    _now(
        "business.conversion_today_pct",
        Unit.PERCENT,
        Kind.RATIO,
        gettext_lazy("Conversion today"),
        gettext_lazy("Leads won ÷ leads closed (won or lost) since midnight in the group's time zone."),
        1,
    ),
)
