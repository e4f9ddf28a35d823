"""Whose figures are asked for, and as of when: the parameters that page and API share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from business.figures.moments import Moment
from core.agencies.models import Agency
from core.metrics import Where
from core.people.access import Area, Denied, Viewer

EARLIEST = dt.date(1990, 1, 1)


class Refused(Exception):
    """A parameter that cannot be answered: 422. `allowed` are the values that can, where they are few."""

    def __init__(self, field: str, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.field, self.message, self.allowed = field, message, tuple(allowed)


class NoSuchAgency(Exception):
    """There is none of this name, or it is not the viewer's: 404."""


@dataclass(frozen=True)
class Asked:
    """What is asked for. `agency` None is the whole group; `agencies` are those that the viewer may see.

    `currency` is the one of all amounts, None where there is no agency at all; `currencies` those in scope.
    """

    agency: Agency | None
    agencies: tuple[Agency, ...]
    zone: str
    moment: Moment
    currency: str | None
    currencies: tuple[str, ...]
    whole: bool
    day: dt.date | None = None

    @property
    def scope(self) -> str:
        return "agency" if self.agency else "global"

    @property
    def where(self) -> Where:
        """For the registry: the group is not listed, so that figures of no agency are in it."""
        ids = (self.agency.pk,) if self.agency else None
        return Where(ids, self.zone, self.currency if len(self.currencies) > 1 else None)

    @property
    def in_scope(self) -> tuple[Agency, ...]:
        return (self.agency,) if self.agency else self.agencies


def parse_day(field: str, text: str | None, zone: str, now: dt.datetime) -> dt.date | None:
    """A day that is over or runs; None for none. Raises Refused."""
    if not text:
        return None
    today = now.astimezone(ZoneInfo(zone)).date()
    try:
        if len(text) != 10:
            raise ValueError
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Refused(field, _("Use a date such as %(date)s.") % {"date": today.isoformat()}) from None
    if day > today:
        raise Refused(
            field,
            _("%(date)s has not come yet: the last day is %(today)s.") % {"date": day, "today": today},
        )
    if day < EARLIEST:
        raise Refused(field, _("The first day is %(date)s.") % {"date": EARLIEST})
    return day


def ask(
    viewer: Viewer,
    now: dt.datetime,
    *,
    scope: str | None = None,
    agency: str | None = None,
    as_of: str | None = None,
    currency: str | None = None,
    money: bool = True,
    choose_currency: bool = False,
) -> Asked:
    """Reads the parameters for this viewer, with one query.

    Without `scope` it is the agency named, else all that the viewer may see, else their only agency. Several
    currencies in scope need one chosen when `money` is asked for; `choose_currency` takes the most frequent.
    Raises Denied (403), NoSuchAgency (404), Refused (422).
    """
    seen = viewer.require(Area.EXECUTIVE)
    agencies = tuple(Agency.objects.filter(seen.q("pk")).order_by("name", "pk"))
    slugs = [one.slug for one in agencies]
    if scope not in (None, "", "agency", "global"):
        raise Refused("scope", _("The scope is agency or global."), ("agency", "global"))
    if scope == "global":
        if not seen.everything:
            raise Denied(Area.EXECUTIVE)
        if agency:
            raise Refused("agency", _("Leave the agency out for the scope global, or ask for the scope agency."))
    found: Agency | None = None
    if agency:
        found = next((one for one in agencies if one.slug == agency), None)
        if found is None:
            raise NoSuchAgency(agency)
    elif scope == "agency" or (not scope and not seen.everything):
        if len(agencies) != 1:
            raise Refused("agency", _("Name the agency."), slugs)
        found = agencies[0]
    zone = found.timezone if found else settings.TIME_ZONE
    day = parse_day("as_of", as_of, zone, now)
    moment = Moment.end_of_day(day, zone, now) if day else Moment(now, zone, live=True)
    in_scope = (found,) if found else agencies
    currencies = tuple(sorted({one.currency for one in in_scope}))
    if currency and currency not in currencies:
        raise Refused("currency", _("No agency in this scope has this currency."), currencies)
    if not currency and len(currencies) > 1:
        if choose_currency:
            counts = [one.currency for one in in_scope]
            currency = max(currencies, key=counts.count)
        elif money:
            raise Refused(
                "currency",
                _("Amounts of different currencies are never added up: choose one."),
                currencies,
            )
    return Asked(
        agency=found,
        agencies=agencies,
        zone=zone,
        moment=moment,
        currency=currency or (currencies[0] if len(currencies) == 1 else None),
        currencies=currencies,
        whole=seen.everything,
        # The day that runs is now.
        day=day if not moment.live else None,
    )
