"""Writes the demo and removes it again; each tells one event, and nobody is messaged."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter
from dataclasses import fields

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from business.demo.making import PROFILES, Story, tell
from business.models import (
    Client,
    Contract,
    ContractChange,
    Lead,
    Payment,
    Project,
    ProjectStatusChange,
    Satisfaction,
)
from core.agencies.models import Agency
from core.events import emit, quiet

# What refers comes before what is referred to.
_DEPENDENTS_FIRST = (
    Satisfaction,
    Lead,
    Payment,
    ContractChange,
    Contract,
    ProjectStatusChange,
    Project,
    Client,
)
BATCH = 2_000


class DemoError(Exception):
    """The demo cannot be loaded; the message says why and what to do."""


def load(*, seed: int = 1, months: int = 24, day: dt.date | None = None) -> Counter[str]:
    """Loads both agencies and returns how many rows of each kind; an empty counter when they are there.

    Raises DemoError when an agency of somebody else has one of the short names.
    """
    day = day or timezone.now().astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE)).date()
    counts: Counter[str] = Counter()
    with transaction.atomic():
        slugs = [profile.slug for profile in PROFILES]
        there = dict(Agency.objects.filter(slug__in=slugs).values_list("slug", "is_demo"))
        if foreign := [slug for slug, is_demo in there.items() if not is_demo]:
            raise DemoError(f"the short name {foreign[0]} is taken by an agency that is not demo data: rename it")
        with quiet():
            for profile in PROFILES:
                if profile.slug in there:
                    continue
                agency = Agency.objects.create(
                    slug=profile.slug, name=profile.name, timezone=profile.zone, is_demo=True
                )
                counts["agencies"] += 1
                counts.update(_save(tell(profile, agency, seed=seed, day=day, months=months)))
        if counts:
            emit("demo.loaded", data={"seed": seed, "day": day.isoformat(), "rows": counts})
    return counts


def _save(story: Story) -> Counter[str]:
    counts: Counter[str] = Counter()
    for part in fields(story):
        rows = getattr(story, part.name)
        if rows:
            # A row's parents have their ids by now; Django reads them when it saves the row.
            type(rows[0]).objects.bulk_create(rows, batch_size=BATCH)
            counts[part.name] = len(rows)
    return counts


def clear() -> Counter[str]:
    """Removes the demo agencies with everything that is theirs; returns how many rows of each table.

    The audit trail keeps what happened. Roles that were given in a demo agency end with it.
    """
    counts: Counter[str] = Counter()
    with transaction.atomic(), quiet():
        demo = list(Agency.objects.select_for_update().filter(is_demo=True).values_list("pk", flat=True))
        if not demo:
            return counts
        for model in _DEPENDENTS_FIRST:
            _all, removed = model._default_manager.filter(agency_id__in=demo).delete()
            counts[str(model._meta.verbose_name_plural)] = removed.get(model._meta.label, 0)
        Agency.objects.filter(pk__in=demo).delete()
        counts["agencies"] = len(demo)
    return counts
