"""The map of an import: which column, constant or table of values becomes which field, written as TOML."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
import tomllib
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from business.importing.entities import ENTITIES, Entity, Kind

DELIMITERS = (",", ";", "\t", "|")
_KEYS = ("column", "constant", "default", "values", "decimal", "format", "timezone")
_KINDS_OF_KEY = {
    "decimal": (Kind.MONEY,),
    "format": (Kind.INSTANT, Kind.DAY),
    "timezone": (Kind.INSTANT, Kind.DAY),
}


class MapError(Exception):
    """The map cannot be used; `problems` says what is wrong, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Source:
    """Where a field's value comes from. `formats` are tried in their order; none means ISO 8601."""

    column: str | None = None
    constant: str | None = None
    default: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    decimal: str = "."
    formats: tuple[str, ...] = ()
    timezone: str | None = None


@dataclass(frozen=True)
class ImportMap:
    """The whole map. `delimiter` and `encoding` None: found out from the file. `ignored`: constants of fields
    that only other entities have, so that one map can serve several."""

    fields: dict[str, Source]
    delimiter: str | None = None
    encoding: str | None = None
    ignored: tuple[str, ...] = ()


def read(path: Path, entity: Entity) -> ImportMap:
    """The map in the file; raises MapError when it cannot be read or does not fit the entity."""
    try:
        return parse(path.read_bytes().decode("utf-8-sig"), entity)
    except OSError as error:
        raise MapError([f"{path}: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise MapError([f"{path}: a map is written in UTF-8"]) from error


def parse(text: str, entity: Entity) -> ImportMap:
    """The map that the TOML says; raises MapError with every problem found."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError([f"the map is not TOML: {error}"]) from error
    problems: list[str] = []
    for name in content.keys() - {"fields", "delimiter", "encoding"}:
        problems.append(f"unknown setting “{name}”; known are delimiter, encoding and [fields]")
    delimiter, encoding = content.get("delimiter"), content.get("encoding")
    if delimiter is not None and (not isinstance(delimiter, str) or delimiter not in DELIMITERS):
        problems.append("delimiter must be one of , ; | and \\t")
    if encoding is not None and not _known_encoding(encoding):
        problems.append(f"unknown encoding “{encoding}”; use utf-8, cp1252 or utf-16, or leave it out")
    tables = content.get("fields")
    if not isinstance(tables, dict) or not tables:
        raise MapError([*problems, f"the map has no [fields]; {entity.name} have {', '.join(entity.names)}"])
    sources = {}
    ignored = tuple(name for name, table in tables.items() if _is_of_others(name, table, entity))
    for name, table in tables.items():
        if name in ignored:
            continue
        if source := _source(name, table, entity, problems):
            sources[name] = source
    if missing := [name for name in entity.required if name not in tables]:
        problems.append(_missing(missing, entity))
    if problems:
        raise MapError(problems)
    return ImportMap(sources, delimiter, encoding, ignored)


def _is_of_others(name: str, table: Any, entity: Entity) -> bool:
    # A constant takes nothing from the file, so that nothing of the file is lost without it.
    return (
        entity.field(name) is None
        and isinstance(table, dict)
        and table.keys() == {"constant"}
        and any(name in other.names for other in ENTITIES.values())
    )


def _missing(missing: list[str], entity: Entity) -> str:
    what = _("%(entity)s need these fields in the map: %(fields)s") % {
        "entity": entity.label,
        "fields": ", ".join(missing),
    }
    if entity.key in missing:
        what += "; " + _("without %(key)s a second import would make every row again") % {"key": entity.key}
    return what


def _known_encoding(name: Any) -> bool:
    import codecs

    try:
        codecs.lookup(name)
    except (LookupError, TypeError):
        return False
    return True


def _source(name: str, table: Any, entity: Entity, problems: list[str]) -> Source | None:
    of = entity.field(name)
    if of is None:
        near = difflib.get_close_matches(name, entity.names, 1)
        hint = f"did you mean {near[0]}?" if near else f"{entity.name} have {', '.join(entity.names)}"
        problems.append(f"unknown field “{name}”; {hint}")
        return None
    if not isinstance(table, dict):
        problems.append(f'{name}: write {{ column = "…" }} or {{ constant = "…" }}')
        return None
    before = len(problems)
    for key in table.keys() - set(_KEYS):
        problems.append(f"{name}: unknown key “{key}”; known are {', '.join(_KEYS)}")
    if ("column" in table) == ("constant" in table):
        problems.append(f"{name}: give either column or constant")
    if "constant" in table and (idle := table.keys() & {"values", "default"}):
        problems.append(f"{name}: a constant is never looked up, leave out {' and '.join(sorted(idle))}")
    for key, kinds in _KINDS_OF_KEY.items():
        if key in table and of.kind not in kinds:
            problems.append(f"{name}: “{key}” is for {' and '.join(_KIND_NAMES[kind] for kind in kinds)}")
    values = table.get("values", {})
    if not isinstance(values, dict):
        problems.append(f'{name}: values is a table such as {{ "pago" = "paid" }}')
        values = {}
    decimal = table.get("decimal", ".")
    if decimal not in (".", ","):
        problems.append(f'{name}: decimal is "," or "."')
    formats = _formats(name, table.get("format"), problems)
    zone = table.get("timezone")
    if zone is not None and zone not in zoneinfo.available_timezones():
        problems.append(f"{name}: unknown timezone “{zone}”; use a name such as America/Sao_Paulo")
    if "column" in table and not isinstance(table["column"], str):
        problems.append(f"{name}: column is the text of a header cell")
    if name == entity.key and ("constant" in table or "default" in table):
        problems.append(f"{name}: tells the rows apart, so that it comes from a column and has no default")
    if len(problems) > before:
        return None
    return Source(
        column=table.get("column"),
        constant=_text(table.get("constant")),
        default=_text(table.get("default")),
        values={str(key): _text(value) or "" for key, value in values.items()},
        decimal=decimal,
        formats=formats,
        timezone=zone,
    )


_KIND_NAMES = {Kind.MONEY: "amounts", Kind.INSTANT: "times", Kind.DAY: "days"}


def _text(value: Any) -> str | None:
    # TOML has numbers and dates of its own; a cell is text.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if value is None else str(value)


def _formats(name: str, given: Any, problems: list[str]) -> tuple[str, ...]:
    formats = (given,) if isinstance(given, str) else tuple(given or ())
    for one in formats:
        if not isinstance(one, str) or not _is_format(one):
            problems.append(
                _("%(field)s: “%(format)s” is not a format such as %(example)s")
                % {"field": name, "format": one, "example": "%d/%m/%Y %H:%M"}
            )
    return formats


def _is_format(text: str) -> bool:
    # Tried on a moment: a format without a day, or one that strptime does not know, is found at once.
    if not re.search("%[cDGxyY]", text):
        return False
    moment = dt.datetime(2017, 11, 29, 22, 38, 5, tzinfo=dt.UTC)
    try:
        found = dt.datetime.strptime(moment.strftime(text), text)
    except (ValueError, re.error):
        return False
    return (found.year, found.month, found.day) == (2017, 11, 29)


def write(import_map: ImportMap) -> str:
    """The map as TOML, as `parse` reads it."""
    lines = []
    if import_map.delimiter:
        lines.append(f"delimiter = {_quoted(import_map.delimiter)}")
    if import_map.encoding:
        lines.append(f"encoding = {_quoted(import_map.encoding)}")
    lines.append("[fields]")
    widest = max(map(len, import_map.fields), default=0)
    for name, source in import_map.fields.items():
        lines.append(f"{name:<{widest}} = {{ {', '.join(_pairs(source))} }}")
    return "\n".join(lines) + "\n"


def _pairs(source: Source) -> Iterable[str]:
    if source.constant is not None:
        yield f"constant = {_quoted(source.constant)}"
    if source.column is not None:
        yield f"column = {_quoted(source.column)}"
    if source.decimal != ".":
        yield f"decimal = {_quoted(source.decimal)}"
    if len(source.formats) == 1:
        yield f"format = {_quoted(source.formats[0])}"
    elif source.formats:
        yield f"format = [{', '.join(map(_quoted, source.formats))}]"
    if source.timezone:
        yield f"timezone = {_quoted(source.timezone)}"
    if source.values:
        pairs = ", ".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in source.values.items())
        yield f"values = {{ {pairs} }}"
    if source.default is not None:
        yield f"default = {_quoted(source.default)}"


def _quoted(text: str) -> str:
    # A JSON string is a basic string of TOML, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
