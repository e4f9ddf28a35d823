"""People and agencies of the tests: an agency with a person of each role, and another agency's outsiders."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.models import Agency, ApiToken, RoleGrant, User
from core.people.viewers import digest

PASSWORD = "correct horse battery"
MakeUser = Callable[..., User]


@pytest.fixture
def agency(db: None) -> Agency:
    return Agency.objects.create(slug="mare", name="Maré Digital")


@pytest.fixture
def other_agency(db: None) -> Agency:
    return Agency.objects.create(slug="ipe", name="Ipê Amarelo")


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """`make_user("operator", agency)`; without an agency the role is global, without a role there is none."""
    made = 0

    def make(role: str | None = None, agency: Agency | None = None, *, email: str = "", password: str = "") -> User:
        nonlocal made
        made += 1
        user = User.objects.create_user(
            email or f"{role or 'nobody'}{made}@example.com", password or None, name=f"Pessoa {made}"
        )
        if role:
            RoleGrant.objects.create(user=user, role=role, agency=agency)
        return user

    return make


@pytest.fixture
def make_token(db: None) -> Callable[..., str]:
    """`make_token(user, "business")`: a bearer token with these scopes (none: all that the person may)."""
    made = 0

    def make(user: User, *scopes: str) -> str:
        nonlocal made
        made += 1
        secret = f"fvd_test_{user.pk}_{made}"
        ApiToken.objects.create(user=user, name="test", prefix=secret[:12], digest=digest(secret), scopes=list(scopes))
        return secret

    return make


@pytest.fixture
def admin(make_user: MakeUser) -> User:
    """Admin of the whole group."""
    return make_user("admin")


@pytest.fixture
def agency_admin(make_user: MakeUser, agency: Agency) -> User:
    return make_user("admin", agency)


@pytest.fixture
def operator(make_user: MakeUser, agency: Agency) -> User:
    return make_user("operator", agency)


@pytest.fixture
def dpo(make_user: MakeUser, agency: Agency) -> User:
    return make_user("dpo", agency)


@pytest.fixture
def viewer_user(make_user: MakeUser, agency: Agency) -> User:
    return make_user("viewer", agency)


@pytest.fixture
def outsider(make_user: MakeUser, other_agency: Agency) -> User:
    """Admin of the other agency."""
    return make_user("admin", other_agency)


@pytest.fixture
def client_as() -> Callable[[User], Client]:
    """A browser without JavaScript, signed in as the person."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
