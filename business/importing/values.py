"""Turns cells into values: one function per mapped field, made once for the whole file."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from business import rules
from business.importing.entities import NOW, Field, Kind
from business.importing.mapping import Source
from core.spreadsheets import unguarded

Read = Callable[[str], Any]


def reader(field: Field, source: Source, zone: zoneinfo.ZoneInfo, warn: Callable[[str], None]) -> Read:
    """The function from a cell's text to the value that is kept; it raises ValidationError, and tells `warn`
    of what it changed."""
    read = _plain(field, source, zone, warn)
    blank = field.when_missing
    default = source.default
    values = source.values
    folded = {key.strip().casefold(): value for key, value in values.items()}

    def cell(text: str) -> Any:
        text = unguarded(text.strip())
        if values:
            found = values.get(text)
            if found is None:
                found = folded.get(text.casefold())
            if found is not None:
                text = found
            elif default is not None:
                text = default
        elif not text and default is not None:
            text = default
        if not text:
            # The time of the import would be another at every import.
            if field.required or blank is NOW:
                raise ValidationError(_("The cell is empty: fill it, or give a default in the map."))
            return blank
        return read(text)

    def choice(text: str) -> Any:
        # Without a table of values, what is no choice is what did not match.
        known = unguarded(text.strip()).casefold() in field.choices
        return cell(text if known or values or default is None else default)

    return choice if field.kind is Kind.CHOICE else cell


def _plain(field: Field, source: Source, zone: zoneinfo.ZoneInfo, warn: Callable[[str], None]) -> Read:
    match field.kind:
        case Kind.MONEY:
            return lru_cache(4096)(lambda text: rules.money(text, source.decimal))
        case Kind.EMAIL:
            return rules.email
        case Kind.PHONE:
            return rules.phone
        case Kind.DOCUMENT:
            return rules.document
        case Kind.SCORE:
            return _score
        case Kind.CHOICE:
            return lambda text: _choice(text, field.choices)
        case Kind.INSTANT:
            return _instant(source, zone, warn)
        case Kind.DAY:
            return _day(source, zone, warn)
        case Kind.REFERENCE:
            return lambda text: rules.text(text, 100)
    longest = field.longest
    return lambda text: rules.text(text, longest)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    folded = text.casefold()
    if folded not in choices:
        raise ValidationError(
            _("“%(value)s” is not one of %(choices)s: map it with values, or give a default."),
            params={"value": text[:60], "choices": ", ".join(choices)},
        )
    return folded


def _score(text: str) -> int:
    found = re.fullmatch(r"([1-5])(?:[.,]0+)?", text)
    if not found:
        raise ValidationError(_("A score is a whole number from 1 to 5."))
    return int(found[1])


def _parse(source: Source) -> Callable[[str], dt.datetime]:
    formats = source.formats
    parse = dt.datetime.strptime

    def by_format(text: str) -> dt.datetime:
        for one in formats:
            try:
                return parse(text, one)
            except ValueError:
                continue
        raise ValidationError(
            _("“%(value)s” is not a date that exists in the format %(formats)s."),
            params={"value": text[:60], "formats": ", ".join(formats)},
        )

    def iso(text: str) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValidationError(
                _("“%(value)s” is not a date such as 2026-03-02: look at it, or give its format in the map."),
                params={"value": text[:60]},
            ) from None

    def in_range(text: str) -> dt.datetime:
        found = by_format(text) if formats else iso(text)
        if not rules.EARLIEST <= found.year <= rules.LATEST:
            raise ValidationError(
                _("The year %(year)s is not between %(first)s and %(last)s."),
                params={"year": found.year, "first": rules.EARLIEST, "last": rules.LATEST},
            )
        return found

    return in_range


def _aware(moment: dt.datetime, zone: zoneinfo.ZoneInfo, warn: Callable[[str], None]) -> dt.datetime:
    """The moment in UTC. A time that the change of clocks skipped moves forward by what was skipped; of one
    that comes twice, the first is meant."""
    if moment.tzinfo is not None:
        return moment.astimezone(dt.UTC)
    found = moment.replace(tzinfo=zone).astimezone(dt.UTC)
    local = found.astimezone(zone).replace(tzinfo=None)
    if local != moment:
        warn(
            _("%(given)s does not exist in %(zone)s (the clocks went forward): taken as %(taken)s.")
            % {"given": moment.isoformat(" "), "zone": zone.key, "taken": local.isoformat(" ")}
        )
    return found


def _instant(source: Source, zone: zoneinfo.ZoneInfo, warn: Callable[[str], None]) -> Read:
    zone = zoneinfo.ZoneInfo(source.timezone) if source.timezone else zone
    parse = _parse(source)
    return lambda text: _aware(parse(text), zone, warn)


def _day(source: Source, zone: zoneinfo.ZoneInfo, warn: Callable[[str], None]) -> Read:
    given = zoneinfo.ZoneInfo(source.timezone) if source.timezone else None
    parse = _parse(source)

    def day(text: str) -> dt.date:
        found = parse(text)
        if found.tzinfo is None and given is None:
            return found.date()
        # A time with a zone of its own is some day of the agency's.
        return _aware(found, given or zone, warn).astimezone(zone).date()

    return day


def message(error: ValidationError) -> str:
    """The error as one sentence."""
    return " ".join(error.messages)
