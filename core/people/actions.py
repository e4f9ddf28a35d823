"""The only writer of people, roles and tokens.

A global admin manages everyone. An agency's admin manages people whose roles are all of that agency, and gives
roles of that agency only. Raises Denied for what the viewer may not do, PeopleError for what nobody should.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from core.agencies.models import Agency
from core.audit import record
from core.audit.context import acting
from core.events import emit
from core.people.access import Area, Denied, Grant, Role, Viewer
from core.people.errors import LastAdmin, OnYourself, PeopleError
from core.people.models import ApiToken, RoleGrant, User
from core.people.viewers import digest

TOKEN_PREFIX = "fvd_"  # noqa: S105
# One lock for every change of who is an admin: two last admins may not remove each other at the same time.
_ADMINS_LOCK = 7_346_001


def ensure_first_admin(email: str, password: str) -> Literal["created", "kept", "unchanged"]:
    """Makes a global admin when there is none yet.

    `kept`: it was made before, and still has this password; `unchanged`: there are others.
    """
    with transaction.atomic(), acting(kind="command", reason="first admin"):
        _lock_admins()
        if _global_admins().exists():
            first = _global_admins().filter(user__email=email.strip().lower()).select_related("user").first()
            return "kept" if first and first.user.check_password(password) else "unchanged"
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            user = User.objects.create_user(email, password, name="Admin")
        else:
            user.set_password(password)
            user.is_active, user.deactivated_at = True, None
            user.save()
        RoleGrant.objects.create(user=user, role=Role.ADMIN)
        emit("user.created", data={"id": user.pk})
        return "created"


def invite(viewer: Viewer, *, email: str, name: str = "", grants: Collection[Grant], language: str = "") -> User:
    """Makes the person with these roles; the mail with the link goes out through the outbox.

    Raises ValidationError by field, Denied for a role that the viewer may not give.
    """
    _require_authority(viewer, grants)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error.messages}) from None
    if not grants:
        raise ValidationError({"grants": _("Give at least one role.")})
    with transaction.atomic():
        if User.objects.filter(email=email).exists():
            message = (
                _("This address is already a person here: change their roles instead.")
                if viewer.scope(Area.PEOPLE).everything
                else _("This address cannot be invited from here: ask an admin of the group.")
            )
            raise ValidationError({"email": message})
        user = User.objects.create_user(email, name=name.strip(), language=language)
        _write_grants(user, grants)
        emit("user.invited", data={"id": user.pk}, agency_id=_one_agency(grants))
    return user


def resend_invitation(viewer: Viewer, user_id: int) -> User:
    """Sends the mail again; the earlier link stays good until one of them is used."""
    with transaction.atomic():
        user = _managed(viewer, user_id)
        if user.has_usable_password():
            raise PeopleError(_("This person has chosen a password already."))
        emit("user.invited", data={"id": user.pk}, agency_id=_one_agency(_grants_of(user)))
    return user


def accept_invitation(user: User, *, name: str, password: str) -> None:
    """The invited person chooses a password; every link sent so far is used up."""
    with transaction.atomic(), acting(kind="user", id=user.pk):
        user.name = name.strip() or user.name
        user.set_password(password)
        user.save(update_fields=["name", "password"])
        emit("user.joined", data={"id": user.pk})


def ask_for_password_reset(user: User) -> None:
    """Sends the person a link for a new password, through the outbox."""
    with transaction.atomic():
        emit("user.password_reset_asked", data={"id": user.pk})


def end_session(viewer: Viewer, session_id: int) -> None:
    """Ends one session of one's own. Raises Http404."""
    with transaction.atomic():
        session = UserSession.objects.filter(user_id=viewer.user_id, pk=session_id).first()
        if session is None:
            raise Http404
        session.end()
        record("logout", resource_type="user", resource_id=session.user_id, diff={"sessions_ended": 1})
        emit("user.sessions_ended", data={"id": session.user_id})


def change_roles(viewer: Viewer, user_id: int, grants: Collection[Grant]) -> None:
    """Replaces the person's roles by these."""
    _require_authority(viewer, grants)
    with transaction.atomic():
        _lock_admins()
        user = _managed(viewer, user_id)
        before = set(_grants_of(user))
        wanted = set(grants)
        if not wanted:
            raise ValidationError({"grants": _("Give at least one role, or deactivate the person.")})
        lost = before - wanted
        if user.pk == viewer.user_id and any(grant.role is Role.ADMIN for grant in lost):
            raise OnYourself
        for grant in lost:
            RoleGrant.objects.filter(user=user, role=grant.role, agency=grant.agency_id).delete()
        _write_grants(user, wanted - before)
        _keep_an_admin()
        if before != wanted:
            emit("user.roles_changed", data={"id": user.pk}, agency_id=_one_agency(wanted | before))


def rename(viewer: Viewer, user_id: int, *, name: str, requires_second_factor: bool) -> None:
    """Changes what an admin may change of a person besides roles."""
    with transaction.atomic():
        user = _managed(viewer, user_id)
        user.name, user.requires_second_factor = name.strip(), requires_second_factor
        user.save(update_fields=["name", "requires_second_factor"])
        emit("user.updated", data={"id": user.pk}, agency_id=_one_agency(_grants_of(user)))


def deactivate(viewer: Viewer, user_id: int) -> None:
    """Ends the person's access at once: sessions and tokens too. Roles are kept for a return."""
    if user_id == viewer.user_id:
        raise OnYourself
    with transaction.atomic():
        _lock_admins()
        user = _managed(viewer, user_id)
        if not user.is_active:
            return
        user.is_active, user.deactivated_at = False, timezone.now()
        user.save(update_fields=["is_active", "deactivated_at"])
        _keep_an_admin()
        _end_all_sessions(user)
        ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
        emit("user.deactivated", data={"id": user.pk}, agency_id=_one_agency(_grants_of(user)))


def reactivate(viewer: Viewer, user_id: int) -> None:
    """Gives access again, with the roles of before; tokens stay revoked."""
    with transaction.atomic():
        user = _managed(viewer, user_id)
        if user.is_active:
            return
        user.is_active, user.deactivated_at = True, None
        user.save(update_fields=["is_active", "deactivated_at"])
        emit("user.reactivated", data={"id": user.pk}, agency_id=_one_agency(_grants_of(user)))


def end_sessions(viewer: Viewer, user_id: int) -> int:
    """Signs the person out everywhere; returns how many sessions ended."""
    with transaction.atomic():
        user = _managed(viewer, user_id)
        ended = _end_all_sessions(user)
        record("logout", resource_type="user", resource_id=user.pk, diff={"sessions_ended": ended})
        emit("user.sessions_ended", data={"id": user.pk}, agency_id=_one_agency(_grants_of(user)))
    return ended


def create_token(
    viewer: Viewer,
    *,
    user: User,
    name: str,
    scopes: Sequence[str] = (),
    expires_at: dt.datetime | None = None,
) -> tuple[ApiToken, str]:
    """Makes a token that acts for `user`, limited to `scopes` (none: all their roles allow).

    Returns it with its secret, which is never shown again. Raises ValidationError by field.
    """
    if viewer.kind == "token" or (viewer.kind != "system" and viewer.user_id != user.pk):
        raise Denied(Area.PEOPLE)
    known = {area.value for area in Area}
    if unknown := [scope for scope in scopes if scope not in known]:
        raise ValidationError(
            {
                "scopes": _("%(scope)s is no scope; the scopes are %(known)s.")
                % {"scope": ", ".join(unknown), "known": ", ".join(sorted(known))}
            }
        )
    if not name.strip():
        raise ValidationError({"name": _("Say what the token is for.")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": _("The expiry has to be in the future.")})
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name.strip()[:100],
            prefix=secret[:12],
            digest=digest(secret),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
        emit("api_token.created", data={"id": token.pk, "user_id": user.pk})
    return token, secret


def revoke_token(viewer: Viewer, token_id: int) -> None:
    """Ends a token: one's own, or as an admin one of a person whom one manages. Raises Http404."""
    with transaction.atomic():
        token = ApiToken.objects.select_related("user").filter(pk=token_id).first()
        if token is None:
            raise Http404
        if viewer.kind == "token":
            raise Denied(Area.PEOPLE)
        if token.user_id != viewer.user_id and viewer.kind != "system":
            if not viewer.may(Area.PEOPLE):
                raise Http404
            _managed(viewer, token.user_id)
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            emit("api_token.revoked", data={"id": token.pk, "user_id": token.user_id})


def save_agency(viewer: Viewer, agency: Agency) -> Agency:
    """Creates the agency (admins of the group) or keeps changes to it. Raises ValidationError by field."""
    created = agency.pk is None
    scope = viewer.require(Area.CONFIGURATION, None if created else agency.pk)
    if created and not scope.everything:
        raise Denied(Area.CONFIGURATION)
    agency.full_clean()
    with transaction.atomic():
        agency.save()
        emit("agency.created" if created else "agency.updated", data={"id": agency.pk}, agency_id=agency.pk)
    return agency


def archive_agency(viewer: Viewer, agency_id: int, *, archived: bool) -> None:
    """Puts an agency away, or takes it back; its rows stay as they are."""
    if not viewer.require(Area.CONFIGURATION).everything:
        raise Denied(Area.CONFIGURATION)
    with transaction.atomic():
        agency = Agency.objects.select_for_update().filter(pk=agency_id).first()
        if agency is None:
            raise Http404
        agency.archived_at = timezone.now() if archived else None
        agency.save(update_fields=["archived_at"])
        emit("agency.archived" if archived else "agency.restored", data={"id": agency.pk}, agency_id=agency.pk)


# ---- inside -------------------------------------------------------------------------------------
def _require_authority(viewer: Viewer, grants: Iterable[Grant]) -> None:
    scope = viewer.require(Area.PEOPLE)
    for grant in grants:
        if not scope.covers(grant.agency_id):
            raise Denied(Area.PEOPLE)


def managed_people(viewer: Viewer) -> QuerySet[User]:
    """People whose every role lies in the viewer's scope."""
    scope = viewer.scope(Area.PEOPLE)
    if scope.everything:
        return User.objects.all()
    inside = RoleGrant.objects.filter(scope.q()).values("user_id")
    # A global role has no agency, and an exclusion alone would not see it.
    elsewhere = RoleGrant.objects.filter(~scope.q() | Q(agency_id=None)).values("user_id")
    return User.objects.filter(pk__in=inside).exclude(pk__in=elsewhere)


def _managed(viewer: Viewer, user_id: int) -> User:
    viewer.require(Area.PEOPLE)
    user = managed_people(viewer).select_for_update().filter(pk=user_id).first()
    if user is None:
        raise Http404
    return user


def _grants_of(user: User) -> list[Grant]:
    return [Grant(Role(role), agency) for role, agency in user.grants.values_list("role", "agency_id")]


def _write_grants(user: User, grants: Iterable[Grant]) -> None:
    ids = {grant.agency_id for grant in grants if grant.agency_id is not None}
    if Agency.objects.filter(pk__in=ids).count() != len(ids):
        raise ValidationError({"grants": _("There is no such agency.")})
    RoleGrant.objects.bulk_create(RoleGrant(user=user, role=grant.role, agency_id=grant.agency_id) for grant in grants)


def _one_agency(grants: Iterable[Grant]) -> int | None:
    agencies = {grant.agency_id for grant in grants}
    return agencies.pop() if len(agencies) == 1 else None


def _global_admins() -> QuerySet[RoleGrant]:
    return RoleGrant.objects.filter(role=Role.ADMIN, agency=None, user__is_active=True)


def _lock_admins() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADMINS_LOCK])


def _keep_an_admin() -> None:
    if not _global_admins().exists():
        raise LastAdmin


def _end_all_sessions(user: User) -> int:
    ended = 0
    for session in UserSession.objects.filter(user=user):
        session.end()
        ended += 1
    return ended
