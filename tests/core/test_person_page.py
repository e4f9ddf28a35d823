"""The page of one person: its cost, and whose history it tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.models import Agency, ApiToken, User
from core.people import Grant, Role, actions
from core.people.viewers import viewer_of
from tests.fixtures import MakeUser

pytestmark = pytest.mark.django_db
LIST = "/configuration/people"
As = Callable[[User], Client]


def test_page_takes_at_most_ten_queries_however_long_the_history(
    client_as: As,
    admin: User,
    operator: User,
    agency: Agency,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    by = viewer_of(admin)
    for number in range(20):
        role = Role.VIEWER if number % 2 else Role.OPERATOR
        actions.change_roles(by, operator.pk, grants={Grant(role, agency.pk)})
        ApiToken.objects.create(user=operator, name=f"t{number}", prefix=f"p{number}", digest=str(number))
    client = client_as(admin)
    client.get(LIST)
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        assert client.get(f"{LIST}/{operator.pk}").status_code == 200


def test_history_tells_who_changed_which_role(client_as: As, admin: User, operator: User, agency: Agency) -> None:
    client = client_as(admin)
    client.post(f"{LIST}/{operator.pk}/roles", {"grants": [f"viewer:{agency.pk}"]})
    page = client.get(f"{LIST}/{operator.pk}").content.decode()
    history = page[page.index("da trilha de auditoria") :]
    assert "Papel concedido" in history
    assert "Papel retirado" in history
    assert str(admin) in history


def test_a_session_of_a_person_is_listed_and_ended_by_the_admin(
    client_as: As, admin: User, make_user: MakeUser, agency: Agency
) -> None:
    person = make_user("viewer", agency, email="ana@example.com", password="correct horse battery")
    other = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    other.post("/account/login/", {"login": person.email, "password": "correct horse battery"})
    client = client_as(admin)
    assert "Firefox, Windows" in client.get(f"{LIST}/{person.pk}").content.decode()
    client.post(f"{LIST}/{person.pk}/sign-out")
    assert other.get("/account/").status_code == 302


def test_saving_roles_keeps_a_role_in_an_archived_agency(
    client_as: As, admin: User, operator: User, agency: Agency, other_agency: Agency
) -> None:
    actions.archive_agency(viewer_of(admin), agency.pk, archived=True)
    client = client_as(admin)
    page = client.get(f"{LIST}/{operator.pk}").content.decode()
    assert f'value="operator:{agency.pk}"' in page
    client.post(f"{LIST}/{operator.pk}/roles", {"grants": [f"operator:{agency.pk}", f"viewer:{other_agency.pk}"]})
    assert operator.grants.count() == 2
