"""Message catalogues, `<app>/locale/pt_BR/LC_MESSAGES/django.po`: extract, check, compile.

English is the language of the sources. The words of `templates/<app>/` belong to that app; base, components,
errors and account pages to core. A word that core has translated may be used by every app.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polib
from asgiref.local import Local
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.apps import apps
from django.conf import settings
from django.utils.translation import template as translation_template
from django.utils.translation import trans_real

LOCALE: Final = "pt_BR"
SHARED: Final = "core"
_KEYWORDS: Final[dict[str, Any]] = {
    "_": (1,), "gettext": (1,), "gettext_lazy": (1,), "gettext_noop": (1,),
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ("c", 1), "pgettext_lazy": ("c", 1),
    "npgettext": ("c", 1, 2), "npgettext_lazy": ("c", 1, 2),
}  # fmt: skip
_HEADER: Final = {
    "Project-Id-Version": "fvstudios-dashboard",
    "Language": LOCALE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n > 1);",
}
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?[sdf]|%[sdf]|\{(\w*)\}")


@dataclass(frozen=True)
class Message:
    """What a source says: context (or ""), text, plural (or "")."""

    context: str
    text: str
    plural: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.text


@dataclass
class Sources:
    """Messages of one app with the places that say them."""

    found: dict[tuple[str, str], Message] = field(default_factory=dict)
    places: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, message: Message, place: str) -> None:
        known = self.found.get(message.key)
        if known is None or (message.plural and not known.plural):
            self.found[message.key] = message
        self.places.setdefault(message.key, []).append(place)


def project_apps() -> dict[str, Path]:
    """Label and folder of each app of this project."""
    base = Path(settings.BASE_DIR)
    own = {config.label: Path(config.path) for config in apps.get_app_configs()}
    return {label: path for label, path in own.items() if path.parent == base}


def catalogue_path(app: str) -> Path:
    return project_apps()[app] / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def sources() -> dict[str, Sources]:
    """Every message of every app, by the app that must translate it."""
    base = Path(settings.BASE_DIR)
    own = project_apps()
    out: dict[str, Sources] = {}
    for label, folder in own.items():
        owner = SHARED if label == "fvdash" else label
        for path in sorted(folder.rglob("*.py")):
            if "migrations" not in path.parts:
                _collect(out.setdefault(owner, Sources()), path, base)
        for path in sorted((folder / "templates").rglob("*.*")):
            _collect(out.setdefault(owner, Sources()), path, base)
    templates = base / "templates"
    for path in sorted(templates.rglob("*")):
        if path.suffix in (".html", ".txt"):
            top = path.relative_to(templates).parts[0]
            owner = top if top in own and top != "fvdash" else SHARED
            _collect(out.setdefault(owner, Sources()), path, base)
    return out


def _collect(into: Sources, path: Path, base: Path) -> None:
    place = path.relative_to(base)
    for line, message in messages_of(path):
        into.add(message, f"{place}:{line}")


def messages_of(path: Path) -> Iterator[tuple[int, Message]]:
    """Line and message of a Python file or a template."""
    code = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        code = translation_template.templatize(code, origin=str(path))
    found: Iterator[Any] = extract_python(io.BytesIO(code.encode()), _KEYWORDS, [], {"encoding": "utf-8"})
    for line, function, texts, _comments in found:
        given = [texts] if isinstance(texts, str) or texts is None else list(texts)
        if not given or given[0] is None or not isinstance(given[0], str) or not given[0]:
            continue
        if function.startswith(("pgettext", "npgettext")):
            context, *rest = given
        else:
            context, rest = "", given
        if not rest or not rest[0]:
            continue
        plural = rest[1] if function.startswith(("ngettext", "npgettext")) and len(rest) > 1 else ""
        yield line, Message(str(context), str(rest[0]), str(plural or ""))


def read(app: str) -> polib.POFile:
    path = catalogue_path(app)
    if path.exists():
        return polib.pofile(str(path), wrapwidth=110)
    empty = polib.POFile(wrapwidth=110)
    empty.metadata = dict(_HEADER)
    return empty


def problems() -> list[str]:
    """What keeps the catalogues from being complete, each with file and line."""
    said = sources()
    catalogues = {app: read(app) for app in project_apps()}
    shared = {(e.msgctxt or "", e.msgid): e for e in catalogues[SHARED] if not e.obsolete}
    used_by_all = {key for found in said.values() for key in found.found}
    out: list[str] = []
    for app, found in sorted(said.items()):
        own = {(e.msgctxt or "", e.msgid): e for e in catalogues[app] if not e.obsolete}
        for key, message in found.found.items():
            entry = own.get(key) or shared.get(key)
            place = found.places[key][0]
            if entry is None:
                out.append(f"{place}: not in {app}'s catalogue: {message.text!r}")
            elif "fuzzy" in entry.flags:
                out.append(f"{place}: fuzzy: {message.text!r}")
            elif message.plural and not _complete(entry):
                out.append(f"{place}: plural not translated: {message.text!r}")
            elif not message.plural and not entry.msgstr and not _complete(entry):
                out.append(f"{place}: not translated: {message.text!r}")
    for app, catalogue in catalogues.items():
        used = used_by_all if app == SHARED else set(said.get(app, Sources()).found)
        path = catalogue_path(app).relative_to(settings.BASE_DIR) if app in catalogues else ""
        for entry in catalogue:
            if entry.obsolete or (entry.msgctxt or "", entry.msgid) not in used:
                out.append(f"{path}:{entry.linenum}: no source says this any more: {entry.msgid!r}")
            else:
                out += [f"{path}:{entry.linenum}: {wrong}" for wrong in _placeholders(entry)]
    return out + _two_tongued(catalogues)


def _two_tongued(catalogues: dict[str, polib.POFile]) -> list[str]:
    """Words that two apps translate differently: Django merges the catalogues, so one app would speak the other's."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    out = []
    for app, catalogue in sorted(catalogues.items()):
        for entry in catalogue:
            if entry.obsolete or not entry.msgid:
                continue
            text = entry.msgstr or str(entry.msgstr_plural)
            other, said = first.setdefault((entry.msgctxt or "", entry.msgid), (app, text))
            if said != text:
                out.append(f"{app} and {other} translate {entry.msgid!r} differently: give one a context")
    return out


def _complete(entry: polib.POEntry) -> bool:
    return bool(entry.msgstr_plural) and all(entry.msgstr_plural.values())


def _placeholders(entry: polib.POEntry) -> list[str]:
    """Placeholders that a translation lost or invented (a singular may leave the number out)."""
    want = _names(entry.msgid) | _names(entry.msgid_plural)
    pairs = list(entry.msgstr_plural.items()) if entry.msgstr_plural else [(-1, entry.msgstr)]
    out = []
    for index, text in pairs:
        if not text:
            continue
        got = _names(text)
        if got - want or (index != 0 and want - got):
            out.append(f"placeholders differ: {entry.msgid!r} → {text!r}")
    return out


def _names(text: str) -> set[str]:
    # %% is a percent sign.
    return {match.group(0) for match in _PLACEHOLDER.finditer((text or "").replace("%%", ""))}


def add_missing() -> dict[str, int]:
    """Writes the missing messages, untranslated, into their app's catalogue; how many, by app."""
    said = sources()
    shared = {(e.msgctxt or "", e.msgid) for e in read(SHARED)}
    added: dict[str, int] = {}
    for app, found in said.items():
        catalogue = read(app)
        known = {(e.msgctxt or "", e.msgid) for e in catalogue} | (shared if app != SHARED else set())
        for key, message in found.found.items():
            if key in known:
                continue
            entry = polib.POEntry(msgid=message.text, msgctxt=message.context or None)
            if message.plural:
                entry.msgid_plural, entry.msgstr_plural = message.plural, {0: "", 1: ""}
            catalogue.append(entry)
            added[app] = added.get(app, 0) + 1
        if app in added:
            path = catalogue_path(app)
            path.parent.mkdir(parents=True, exist_ok=True)
            catalogue.save(str(path))
    return added


def compile_all() -> list[Path]:
    """Compiles what is newer than its .mo; several processes may do it at once."""
    written = []
    for app in project_apps():
        source = catalogue_path(app)
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=LOCALE)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as fresh:
            write_mo(fresh, catalogue)
        Path(fresh.name).chmod(0o644)
        os.replace(fresh.name, target)
        written.append(target)
    if written:
        # What this process has translated so far, it did without them (as Django's own autoreload does).
        forget: Any = trans_real
        forget._translations, forget._default, forget._active = {}, None, Local()
    return written
