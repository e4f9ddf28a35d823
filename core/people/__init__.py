"""People: users, roles, tokens, sign-in. `Viewer` is what every query takes."""

from core.people.access import SYSTEM, Area, Denied, Grant, Role, Scope, Viewer

__all__ = ["SYSTEM", "Area", "Denied", "Grant", "Role", "Scope", "Viewer"]
