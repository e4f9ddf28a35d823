"""Makes viewers from people and tokens."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.people.access import Grant, Role, Viewer
from core.people.models import ApiToken, RoleGrant, User


def viewer_of(user: User) -> Viewer:
    """The person with their grants, in one query; nobody's when inactive."""
    rows = RoleGrant.objects.filter(user=user).values_list("role", "agency_id", "agency__timezone")
    grants = tuple(Grant(Role(role), agency_id) for role, agency_id, _zone in rows) if user.is_active else ()
    zones = {zone for _role, _agency, zone in rows}
    # Somebody of one agency reads clocks as that agency does.
    zone = zones.pop() if len(zones) == 1 and None not in zones else settings.TIME_ZONE
    return Viewer(user.pk, str(user), user.email, grants, zone=zone or settings.TIME_ZONE)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def viewer_of_token(token: str) -> Viewer | None:
    """The viewer that a bearer token stands for; None when unknown, revoked, expired or its person inactive."""
    now = timezone.now()
    found = (
        ApiToken.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), digest=digest(token), revoked_at=None)
        .filter(user__is_active=True)
        .first()
    )
    if found is None:
        return None
    if found.last_used_at is None or (now - found.last_used_at).total_seconds() > 60:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    person = viewer_of(found.user)
    return Viewer(
        person.user_id,
        person.name,
        person.email,
        person.grants,
        kind="token",
        limited_to=frozenset(found.scopes) if found.scopes else None,
        token_id=found.pk,
        zone=person.zone,
    )
