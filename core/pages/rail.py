"""The rail: each app registers the pages it has built; a viewer sees those that the access table allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.pages.parts import Badge, Text
from core.people.access import Area, Viewer

logger = logging.getLogger(__name__)


class Group(Enum):
    BUSINESS = _("Business")
    OPERATION = _("Operation")
    GOVERNANCE = _("Governance")


@dataclass(frozen=True)
class RailItem:
    """One entry. `key` is the letter after `g` that opens it; `badge` reads one cheap figure."""

    group: Group
    url_name: str
    icon: str
    label: Text
    area: Area
    order: int = 50
    key: str = ""
    badge: Callable[[Viewer], Badge | None] | None = None
    global_only: bool = False


@dataclass(frozen=True)
class Entry:
    """A registered item as one viewer sees it."""

    url: str
    icon: str
    label: Text
    key: str
    badge: Badge | None
    current: bool


_items: dict[str, RailItem] = {}


def register(item: RailItem) -> None:
    """Adds an entry; from `ready()` of an app. Two entries of one key or one page are a mistake."""
    for other in _items.values():
        if item.key and other.key == item.key and other.url_name != item.url_name:
            raise ValueError(f"rail: key {item.key!r} opens {other.url_name} already")
    _items[item.url_name] = item


def items_for(viewer: Viewer) -> list[RailItem]:
    """What this viewer may open, in the order of the rail."""
    groups = list(Group)
    allowed = [
        item
        for item in _items.values()
        if (scope := viewer.scope(item.area)) and (scope.everything or not item.global_only)
    ]
    return sorted(allowed, key=lambda item: (groups.index(item.group), item.order))


def entries(viewer: Viewer, path: str) -> list[tuple[Text, list[Entry]]]:
    """The rail of a viewer by group; the entry whose page `path` lies in is current."""
    items = [(item, reverse(item.url_name)) for item in items_for(viewer)]
    here = _current((url for _item, url in items), path)
    grouped: dict[Group, list[Entry]] = {}
    for item, url in items:
        badge = _badge(item, viewer)
        entry = Entry(url, item.icon, item.label, item.key, badge, url == here)
        grouped.setdefault(item.group, []).append(entry)
    return [(group.value, found) for group, found in grouped.items()]


def _badge(item: RailItem, viewer: Viewer) -> Badge | None:
    try:
        return item.badge(viewer) if item.badge else None
    except Exception:
        # A badge is not worth every page of the product; a missing one is seen in the log.
        logger.exception("the badge of %s failed", item.url_name)
        return None


def first_page(viewer: Viewer) -> str | None:
    """Where `/` leads this viewer, None when no page is theirs."""
    return next((reverse(item.url_name) for item in items_for(viewer)), None)


def _current(urls: Iterable[str], path: str) -> str | None:
    inside = [url for url in urls if path == url or path.startswith(url.rstrip("/") + "/")]
    return max(inside, key=len, default=None)
