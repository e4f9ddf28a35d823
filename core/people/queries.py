"""Reads of people: each bounded, and limited to what the viewer manages or shares an agency with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from core.agencies.models import Agency
from core.pages.listing import Column, Filter, Listing, ListingPage, ListingQuery
from core.people import history
from core.people.access import ROLE_LABELS, Area, Grant, Role, Viewer
from core.people.actions import managed_people
from core.people.models import ROLE_CHOICES, ApiToken, RoleGrant, User

STATUSES = (("active", _("active")), ("invited", _("invited")), ("deactivated", _("deactivated")))


@dataclass(frozen=True)
class GrantRow:
    role: Role
    label: str
    agency_id: int | None
    agency: str


@dataclass(frozen=True)
class PersonRow:
    """A person as lists show them; `grants` holds only what the viewer may know."""

    id: int
    name: str
    email: str
    status: str
    grants: tuple[GrantRow, ...]
    second_factor: bool
    last_login: dt.datetime | None
    date_joined: dt.datetime
    managed: bool

    @property
    def roles(self) -> str:
        return "; ".join(f"{grant.label} ({grant.agency})" for grant in self.grants)


@dataclass(frozen=True)
class SessionRow:
    ip: str
    user_agent: str
    created_at: dt.datetime
    last_seen_at: dt.datetime


@dataclass(frozen=True)
class TokenRow:
    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None


@dataclass(frozen=True)
class Person:
    row: PersonRow
    requires_second_factor: bool
    sessions: tuple[SessionRow, ...]
    tokens: tuple[TokenRow, ...]
    history: tuple[history.Change, ...]
    places: tuple[tuple[int | None, str], ...]


def _by_status(people: QuerySet[User], status: str) -> QuerySet[User]:
    if status == "deactivated":
        return people.filter(is_active=False)
    unset = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    people = people.filter(is_active=True)
    return people.filter(unset) if status == "invited" else people.exclude(unset)


def _by_role(people: QuerySet[User], role: str) -> QuerySet[User]:
    return people.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=role)))


LISTING = Listing(
    "people",
    columns=[
        Column("name", _("Name"), order="name"),
        Column("email", _("E-mail"), order="email"),
        Column("roles", _("Roles")),
        Column("status", _("Status")),
        Column("second_factor", _("Second factor")),
        Column("last_login", _("Last sign-in"), order="last_login", nullable=True, numeric=True, descending=True),
    ],
    filters=[
        Filter("role", _("Role"), options=ROLE_CHOICES, apply=_by_role),
        Filter("status", _("Status"), options=STATUSES, apply=_by_status),
    ],
    search=["name", "email"],
    sort="name",
)


def visible_people(viewer: Viewer, agency: Agency | None = None) -> QuerySet[User]:
    """People with a role in the viewer's scope, or in one agency of it."""
    scope = viewer.require(Area.PEOPLE, agency.pk if agency else None)
    people = User.objects.prefetch_related(
        Prefetch("grants", RoleGrant.objects.filter(scope.q()).select_related("agency").order_by("role"))
    ).annotate(
        has_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk")).exclude(type="recovery_codes")),
        elsewhere=Exists(
            RoleGrant.objects.filter(Q(user=OuterRef("pk")) & (~scope.q() | Q(agency_id=None)))
            if not scope.everything
            else RoleGrant.objects.none()
        ),
    )
    if agency is not None:
        return people.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), agency=agency)))
    if not scope.everything:
        return people.filter(Exists(RoleGrant.objects.filter(scope.q(), user=OuterRef("pk"))))
    return people


def people(viewer: Viewer, query: ListingQuery, agency: Agency | None = None) -> ListingPage[PersonRow]:
    return query.page(visible_people(viewer, agency), make=person_row)


def person_row(user: User) -> PersonRow:
    """From a user of `visible_people`, without further queries."""
    status = "deactivated" if not user.is_active else "active" if user.has_usable_password() else "invited"
    return PersonRow(
        user.pk,
        user.name,
        user.email,
        status,
        tuple(
            GrantRow(
                Role(grant.role),
                str(ROLE_LABELS[Role(grant.role)]),
                grant.agency_id,
                grant.agency.name if grant.agency else str(_("whole group")),
            )
            for grant in user.grants.all()
        ),
        bool(getattr(user, "has_factor", False)),
        user.last_login,
        user.date_joined,
        not getattr(user, "elsewhere", False),
    )


def person(viewer: Viewer, user_id: int) -> Person:
    """One person with sessions, tokens, their latest history, and where roles may be given. Raises Http404."""
    user = visible_people(viewer).filter(pk=user_id).first()
    if user is None:
        raise Http404
    row = person_row(user)
    if not row.managed:
        return Person(row, user.requires_second_factor, (), (), (), ())
    agencies = _agencies(viewer)
    sessions = UserSession.objects.filter(user=user).order_by("-last_seen_at")[:20]
    tokens = list(ApiToken.objects.filter(user=user).order_by("-created_at")[:500])
    return Person(
        row,
        user.requires_second_factor,
        tuple(SessionRow(s.ip, s.user_agent, s.created_at, s.last_seen_at) for s in sessions),
        tuple(_token(token) for token in tokens if token.revoked_at is None)[:50],
        history.of(user, [token.pk for token in tokens], {agency.pk: agency.name for agency in agencies}),
        # A role in an archived agency is shown too: what is not on the form would be taken away by saving it.
        _places(viewer, agencies, held={grant.agency_id for grant in row.grants}),
    )


@dataclass(frozen=True)
class Account:
    """One's own account at a glance."""

    second_factors: tuple[str, ...]
    recovery_codes: bool
    sessions: int
    tokens: int
    requires_second_factor: bool
    has_password: bool


def own_account(user: User) -> Account:
    kinds = sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True)[:50])
    return Account(
        tuple(kind for kind in kinds if kind != "recovery_codes"),
        "recovery_codes" in kinds,
        UserSession.objects.filter(user=user).count(),
        ApiToken.objects.filter(user=user, revoked_at=None).count(),
        user.requires_second_factor,
        user.has_usable_password(),
    )


def own_tokens(viewer: Viewer) -> list[TokenRow]:
    """The viewer's own tokens that still work, newest first."""
    found = ApiToken.objects.filter(user=viewer.user_id, revoked_at=None).order_by("-created_at")[:200]
    return [_token(token) for token in found]


def _token(token: ApiToken) -> TokenRow:
    return TokenRow(
        token.pk,
        token.name,
        token.prefix,
        tuple(token.scopes),
        token.created_at,
        token.expires_at,
        token.last_used_at,
    )


def grantable(viewer: Viewer) -> tuple[tuple[int | None, str], ...]:
    """Where the viewer may give roles: (None, whole group) and agencies by name."""
    return _places(viewer, _agencies(viewer), held=set())


def _agencies(viewer: Viewer) -> list[Agency]:
    return list(Agency.objects.filter(viewer.require(Area.PEOPLE).q("pk")).order_by("name")[:500])


def _places(viewer: Viewer, agencies: list[Agency], held: set[int | None]) -> tuple[tuple[int | None, str], ...]:
    whole: list[tuple[int | None, str]] = (
        [(None, str(_("Whole group")))] if viewer.scope(Area.PEOPLE).everything else []
    )
    open_ones = [agency for agency in agencies if agency.archived_at is None or agency.pk in held]
    return (*whole, *((agency.pk, agency.name) for agency in open_ones))


def is_managed(viewer: Viewer, user_id: int) -> bool:
    return managed_people(viewer).filter(pk=user_id).exists()


def grants_of(row: PersonRow) -> set[Grant]:
    return {Grant(grant.role, grant.agency_id) for grant in row.grants}
