"""Forms of the import pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from business.importing import mapping
from business.importing.entities import OF_AN_AGENCY, Entity, Field, Kind
from business.importing.mapping import ImportMap, Source
from business.importing.suggesting import FORMATS

CONSTANT = "\x01constant"


class UploadForm(forms.Form):
    """The first step: whose rows, of which kind, and the file."""

    agency = forms.ChoiceField(label=_("Agency"))
    entity = forms.ChoiceField(label=_("What is in it"))
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("As a spreadsheet saves it: encoding and separator are found out. It is removed after seven days."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def __init__(self, agencies: Iterable[tuple[int, str]], *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["agency"].choices = [(str(pk), name) for pk, name in agencies]  # type: ignore[attr-defined]
        self.fields["entity"].choices = [  # type: ignore[attr-defined]
            (one.name, str(one.label).capitalize()) for one in OF_AN_AGENCY.values()
        ]


@dataclass(frozen=True)
class Line:
    """The controls of one field of the entity; None where its kind has no such option."""

    field: Field
    source: forms.BoundField
    constant: forms.BoundField
    decimal: forms.BoundField | None
    format: forms.BoundField | None
    values: forms.BoundField | None
    default: forms.BoundField | None

    @property
    def open(self) -> bool:
        """Whether its options are in use, so that they are shown."""
        options = (self.constant, self.format, self.values, self.default)
        return any(option is not None and option.value() for option in options) or (
            self.decimal is not None and self.decimal.value() == ","
        )


class MapForm(forms.Form):
    """The second step: for each field the column it comes from, and how the column is read."""

    save_as = forms.CharField(
        label=_("Keep this map as"), max_length=80, required=False, help_text=_("For the next file of this source.")
    )

    def __init__(self, entity: Entity, header: Sequence[str], *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.entity = entity
        columns = [("", _("not imported")), *((name, name) for name in dict.fromkeys(header) if name)]
        columns.append((CONSTANT, _("the same for all rows…")))
        for one in entity.fields:
            for name, field in _controls(entity, one, columns):
                field.required = False
                self.fields[name] = field

    def lines(self) -> Iterator[Line]:
        for one in self.entity.fields:
            found = [self._bound(f"{one.name}-{option}") for option in Line.__annotations__ if option != "field"]
            yield Line(one, *found)  # type: ignore[arg-type]

    def _bound(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    def toml(self) -> str:
        """The map that was chosen. Call it on a valid form."""
        chosen = self.cleaned_data
        fields = {}
        for one in self.entity.fields:

            def of(option: str, one: Field = one) -> str:
                return str(chosen.get(f"{one.name}-{option}") or "")

            if of("source") == CONSTANT:
                fields[one.name] = Source(
                    constant=of("constant"), decimal=of("decimal") or ".", formats=_formats(of("format"))
                )
            elif of("source"):
                fields[one.name] = Source(
                    column=of("source"),
                    default=of("default") or None,
                    values=dict(_pairs(of("values"))),
                    decimal=of("decimal") or ".",
                    formats=_formats(of("format")),
                )
        return mapping.write(ImportMap(fields))


def initial_of(import_map: ImportMap) -> dict[str, str]:
    """What the form shows for a map."""
    initial = {}
    for name, source in import_map.fields.items():
        initial[f"{name}-source"] = CONSTANT if source.constant is not None else source.column or ""
        initial[f"{name}-constant"] = source.constant or ""
        initial[f"{name}-decimal"] = source.decimal
        initial[f"{name}-format"] = " | ".join(source.formats)
        initial[f"{name}-default"] = source.default or ""
        initial[f"{name}-values"] = "\n".join(f"{key} = {value}" for key, value in source.values.items())
    return initial


def _controls(entity: Entity, one: Field, columns: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, forms.Field]]:
    options = columns[:-1] if one.name == entity.key else columns
    yield f"{one.name}-source", forms.ChoiceField(label=_("Column"), choices=options)
    yield f"{one.name}-constant", forms.CharField(label=_("Value for all rows"), max_length=200)
    if one.kind is Kind.MONEY:
        marks = [(".", "1234.56"), (",", "1.234,56")]
        yield f"{one.name}-decimal", forms.ChoiceField(label=_("Written as"), choices=marks)
    if one.kind in (Kind.INSTANT, Kind.DAY):
        yield (
            f"{one.name}-format",
            forms.CharField(
                label=_("Format of the date"),
                max_length=200,
                help_text=_("Empty: 2026-03-02 14:30. Otherwise such as %(example)s; several with | between.")
                % {"example": FORMATS[1]},
            ),
        )
    if one.kind in (Kind.CHOICE, Kind.TEXT) and one.name != entity.key:
        yield (
            f"{one.name}-values",
            forms.CharField(
                label=_("Values"),
                max_length=20_000,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=_("One a line: what the file says = what is kept.")
                + (f" {', '.join(one.choices)}." if one.choices else ""),
            ),
        )
    if one.name != entity.key:
        yield f"{one.name}-default", forms.CharField(label=_("When blank or not in the values"), max_length=200)


def _formats(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, found, value = line.rpartition("=")
        if found:
            yield key.strip(), value.strip()
