"""Who may see what: the one table of roles, and the viewer that every query takes.

A role is held globally or for one agency; a person may hold several (design: the contract's table).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    DPO = "dpo"
    VIEWER = "viewer"


ROLE_LABELS = {
    Role.ADMIN: _("Admin"),
    Role.OPERATOR: _("Operator"),
    Role.DPO: _("DPO"),
    Role.VIEWER: _("Viewer"),
}


class Area(StrEnum):
    """A page with its API. Its value is also the scope that an API token may be limited to."""

    EXECUTIVE = "executive"
    BUSINESS = "business"
    BUSINESS_WRITE = "business:write"
    MONITORING = "monitoring"
    CACHE = "cache"
    ALERTS = "alerts"
    WHATSAPP = "whatsapp"
    COMPLIANCE = "compliance"
    AUDIT = "audit"
    BACKUP = "backup"
    RECOVERY = "backup:recover"
    CONFIGURATION = "configuration"
    PEOPLE = "people"


AREA_LABELS = {
    Area.EXECUTIVE: _("Executive figures"),
    Area.BUSINESS: _("Business: read"),
    Area.BUSINESS_WRITE: _("Business: read and write"),
    Area.MONITORING: _("Monitoring"),
    Area.CACHE: _("Cache"),
    Area.ALERTS: _("Alerts"),
    Area.WHATSAPP: "WhatsApp",
    Area.COMPLIANCE: _("Compliance"),
    Area.AUDIT: _("Audit trail"),
    Area.BACKUP: _("Backup"),
    Area.RECOVERY: _("Backup: recovery"),
    Area.CONFIGURATION: _("Configuration"),
    Area.PEOPLE: _("People"),
}

_ADMIN, _OPERATOR, _DPO, _VIEWER = Role.ADMIN, Role.OPERATOR, Role.DPO, Role.VIEWER

# area -> (roles that open it everywhere when held globally, roles that open it for their one agency)
TABLE: dict[Area, tuple[frozenset[Role], frozenset[Role]]] = {
    Area.EXECUTIVE: (frozenset({_ADMIN}), frozenset({_ADMIN})),
    Area.BUSINESS: (frozenset({_ADMIN, _OPERATOR, _VIEWER}), frozenset({_ADMIN, _OPERATOR, _VIEWER})),
    Area.BUSINESS_WRITE: (frozenset({_ADMIN}), frozenset({_ADMIN})),
    Area.MONITORING: (frozenset({_ADMIN, _OPERATOR}), frozenset()),
    Area.CACHE: (frozenset({_ADMIN, _OPERATOR}), frozenset()),
    Area.ALERTS: (frozenset({_ADMIN, _OPERATOR}), frozenset({_ADMIN, _OPERATOR})),
    Area.WHATSAPP: (frozenset({_ADMIN, _OPERATOR}), frozenset({_ADMIN, _OPERATOR})),
    Area.COMPLIANCE: (frozenset({_ADMIN, _DPO}), frozenset({_ADMIN, _DPO})),
    Area.AUDIT: (frozenset({_ADMIN, _DPO}), frozenset({_ADMIN, _DPO})),
    Area.BACKUP: (frozenset({_ADMIN, _OPERATOR}), frozenset()),
    Area.RECOVERY: (frozenset({_ADMIN}), frozenset()),
    Area.CONFIGURATION: (frozenset({_ADMIN}), frozenset({_ADMIN})),
    Area.PEOPLE: (frozenset({_ADMIN}), frozenset({_ADMIN})),
}


class Denied(Exception):
    """The viewer is signed in and lacks the role: 403."""


@dataclass(frozen=True)
class Scope:
    """What part of the tenants a viewer sees in an area: everything, or the agencies with these ids."""

    everything: bool
    agency_ids: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.agency_ids)

    def covers(self, agency_id: int | None) -> bool:
        """Whether a row of this agency (None: of no agency) may be seen."""
        return self.everything or (agency_id is not None and agency_id in self.agency_ids)

    def q(self, column: str = "agency_id") -> Q:
        """The filter for a queryset whose agency's id is in `column`."""
        return Q() if self.everything else Q(**{f"{column}__in": self.agency_ids})


NOTHING = Scope(False)


@dataclass(frozen=True)
class Grant:
    role: Role
    agency_id: int | None


@dataclass(frozen=True)
class Viewer:
    """Who asks: a person, a token that acts for a person, or the system itself (`user_id` None).

    `limited_to` holds the scopes of a token; None means no limit.
    """

    user_id: int | None
    name: str
    email: str
    grants: tuple[Grant, ...]
    kind: str = "user"
    limited_to: frozenset[str] | None = None
    token_id: int | None = None
    zone: str = field(default="America/Sao_Paulo")

    def scope(self, area: Area) -> Scope:
        """What this viewer sees of `area`; falsy when nothing."""
        if self.kind == "system":
            return Scope(True)
        if self.limited_to is not None and not self._token_allows(area):
            return NOTHING
        everywhere, in_agency = TABLE[area]
        if any(grant.agency_id is None and grant.role in everywhere for grant in self.grants):
            return Scope(True)
        return Scope(
            False,
            frozenset(g.agency_id for g in self.grants if g.agency_id is not None and g.role in in_agency),
        )

    def _token_allows(self, area: Area) -> bool:
        assert self.limited_to is not None
        # A scope covers its own refinements: "business" does not write, "business:write" also reads.
        return area in self.limited_to or any(allowed.startswith(f"{area}:") for allowed in self.limited_to)

    def may(self, area: Area) -> bool:
        return bool(self.scope(area))

    def require(self, area: Area, agency_id: int | None = None) -> Scope:
        """The scope in `area`; raises Denied when empty or, with `agency_id`, when it does not cover it."""
        scope = self.scope(area)
        if not scope or (agency_id is not None and not scope.covers(agency_id)):
            raise Denied(area)
        return scope

    @property
    def is_global_admin(self) -> bool:
        return any(g.agency_id is None and g.role is Role.ADMIN for g in self.grants)


SYSTEM = Viewer(user_id=None, name="system", email="", grants=(), kind="system")
