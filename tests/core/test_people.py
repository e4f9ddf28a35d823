"""People: who manages whom, invitations, roles, and the last admin."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from core.models import Agency, ApiToken, AuditEvent, Event, RoleGrant, User
from core.people import Area, Grant, Role, actions
from core.people.errors import LastAdmin, OnYourself
from core.people.invitations import link_for
from core.people.viewers import viewer_of
from tests.fixtures import PASSWORD, MakeUser

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
LIST = "/configuration/people"


def test_admin_finds_everyone(client_as: As, admin: User, operator: User, outsider: User) -> None:
    page = client_as(admin).get(LIST).content.decode()
    assert operator.email in page
    assert outsider.email in page


def test_agency_admin_finds_own_people_only(
    client_as: As, agency_admin: User, operator: User, outsider: User, admin: User
) -> None:
    page = client_as(agency_admin).get(LIST).content.decode()
    assert operator.email in page
    assert outsider.email not in page
    assert admin.email not in page


@pytest.mark.parametrize("role", ["operator", "dpo", "viewer"])
def test_others_get_403(client_as: As, make_user: MakeUser, role: str) -> None:
    assert client_as(make_user(role)).get(LIST).status_code == 403


def test_signed_out_is_led_to_sign_in(client: Client) -> None:
    answer = client.get(LIST)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_outsider_gets_404(client_as: As, outsider: User, operator: User) -> None:
    client = client_as(outsider)
    assert client.get(f"{LIST}/{operator.pk}").status_code == 404
    for what in ("deactivate", "sign-out", "invite-again"):
        assert client.post(f"{LIST}/{operator.pk}/{what}").status_code == 404
    assert client.post(f"{LIST}/{operator.pk}/details", {"name": "x"}).status_code == 404
    operator.refresh_from_db()
    assert operator.is_active


def test_list_of_10000_people_takes_at_most_ten_queries(
    client_as: As, admin: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    User.objects.bulk_create(
        User(email=f"p{number}@example.com", name=f"P {number}", password="!") for number in range(10_000)
    )
    client = client_as(admin)
    client.get(LIST)
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        assert client.get(LIST).status_code == 200


def test_invitation_is_mailed_once_committed_and_works_once(
    client_as: As,
    agency_admin: User,
    agency: Agency,
    run_tasks: Callable[[], object],
    capfd: pytest.CaptureFixture[str],
) -> None:
    with run_tasks():  # type: ignore[attr-defined]
        answer = client_as(agency_admin).post(
            f"{LIST}/invite",
            {
                "email": "Nova@Example.com",
                "name": "Nova",
                "language": "en",
                "grants": [f"operator:{agency.pk}"],
            },
        )
    user = User.objects.get(email="nova@example.com")
    assert answer["Location"] == f"{LIST}/{user.pk}"
    [sent] = mail.outbox
    assert sent.to == ["nova@example.com"]
    assert "Hello Nova" in sent.body
    [path] = re.findall(r"http://[^/]+(/invitation/\S+)", str(sent.body))
    visitor = Client()
    assert "nova@example.com" in visitor.get(path).content.decode()
    assert path.rpartition("/")[2] not in capfd.readouterr().out
    form = {"name": "Nova Lima", "password": PASSWORD, "again": PASSWORD}
    assert visitor.post(path, form).status_code == 302
    assert visitor.get("/", follow=True).status_code == 200
    assert Client().get(path).status_code == 410
    assert Client().post(path, form).status_code == 410
    assert PASSWORD not in str(list(AuditEvent.objects.values_list("diff", flat=True)))


def test_weak_or_mistyped_password_is_refused(make_user: MakeUser) -> None:
    path = link_for(make_user("viewer")).partition("//")[2].partition("/")[2]
    client = Client()
    weak = client.post(f"/{path}", {"name": "N", "password": "password1234", "again": "password1234"})
    assert weak.status_code == 422
    typo = client.post(f"/{path}", {"name": "N", "password": PASSWORD, "again": PASSWORD + "x"})
    assert typo.status_code == 422


def test_forged_invitation_is_over(client: Client) -> None:
    assert client.get("/invitation/abc:def:ghi").status_code == 410


def test_without_mail_server_the_admin_sees_the_link(client_as: As, admin: User, make_user: MakeUser) -> None:
    invited = make_user("viewer")
    assert "/invitation/" in client_as(admin).get(f"{LIST}/{invited.pk}").content.decode()


def test_with_mail_server_nobody_sees_the_link(
    client_as: As, admin: User, make_user: MakeUser, settings: object
) -> None:
    settings.EMAIL_CONFIGURED = True  # type: ignore[attr-defined]
    page = client_as(admin).get(f"{LIST}/{make_user('viewer').pk}").content.decode()
    assert "/invitation/" not in page


def test_agency_admin_gives_no_global_and_no_foreign_role(
    client_as: As, agency_admin: User, other_agency: Agency
) -> None:
    client = client_as(agency_admin)
    for grant in ("admin:", f"viewer:{other_agency.pk}"):
        answer = client.post(f"{LIST}/invite", {"email": "x@example.com", "language": "en", "grants": [grant]})
        assert answer.status_code == 422
    assert not User.objects.filter(email="x@example.com").exists()


def test_invalid_invitation_says_what_to_do(client_as: As, admin: User) -> None:
    answer = client_as(admin).post(f"{LIST}/invite", {"email": "not an address", "language": "en"})
    assert answer.status_code == 422
    assert "papel" in answer.content.decode()


def test_roles_are_changed_audited_and_told(client_as: As, admin: User, operator: User, other_agency: Agency) -> None:
    client_as(admin).post(f"{LIST}/{operator.pk}/roles", {"grants": [f"dpo:{other_agency.pk}"]})
    assert [(g.role, g.agency_id) for g in operator.grants.all()] == [("dpo", other_agency.pk)]
    changes = AuditEvent.objects.filter(action="permission_change", actor_id=admin.pk)
    assert changes.count() == 2
    assert Event.objects.filter(type="user.roles_changed").count() == 1


def test_last_admin_stays(admin: User, make_user: MakeUser) -> None:
    other = make_user("admin")
    boss = viewer_of(other)
    actions.deactivate(boss, admin.pk)
    with pytest.raises(OnYourself):
        actions.deactivate(boss, other.pk)
    with pytest.raises(OnYourself):
        actions.change_roles(boss, other.pk, {Grant(Role.VIEWER, None)})


@pytest.mark.django_db(transaction=True)
def test_two_last_admins_cannot_remove_each_other_at_once(make_user: MakeUser) -> None:
    one, two = make_user("admin"), make_user("admin")
    start = threading.Barrier(2)
    refused: list[Exception] = []

    def remove(viewer: User, victim: User) -> None:
        try:
            start.wait()
            actions.deactivate(viewer_of(viewer), victim.pk)
        except LastAdmin as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001  (the loser may already have lost the right)
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RoleGrant.objects.filter(role="admin", agency=None, user__is_active=True).count() == 1
    assert len(refused) == 1


def test_deactivated_person_is_out_at_once(
    client_as: As, admin: User, operator: User, make_token: Callable[..., str]
) -> None:
    token, theirs = make_token(operator), client_as(operator)
    assert theirs.get("/", follow=True).status_code == 200
    client_as(admin).post(f"{LIST}/{operator.pk}/deactivate")
    assert theirs.get(LIST)["Location"].startswith("/account/login/")
    answer = Client().get("/api/openapi.json", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert ApiToken.objects.get(user=operator).revoked_at is not None


def test_second_factor_can_be_required(client_as: As, admin: User, operator: User) -> None:
    client_as(admin).post(f"{LIST}/{operator.pk}/details", {"name": "O", "requires_second_factor": "on"})
    answer = client_as(operator).get("/monitoring")
    assert answer.status_code == 302
    assert "/account/2fa/" in answer["Location"]


def test_person_with_roles_elsewhere_is_shown_but_not_managed(
    client_as: As, agency_admin: User, operator: User, other_agency: Agency
) -> None:
    RoleGrant.objects.create(user=operator, role="viewer", agency=other_agency)
    client = client_as(agency_admin)
    page = client.get(f"{LIST}/{operator.pk}").content.decode()
    assert other_agency.name not in page
    assert client.post(f"{LIST}/{operator.pk}/deactivate").status_code == 404


def test_home_leads_to_the_first_page_of_each_role(client_as: As, make_user: MakeUser) -> None:
    assert client_as(make_user("admin")).get("/")["Location"] == "/executive"
    nobody = client_as(make_user()).get("/")
    assert nobody.status_code == 200
    assert "Nenhuma página" in nobody.content.decode()


def test_viewer_scopes_follow_the_table(make_user: MakeUser, agency: Agency) -> None:
    group_operator, agency_operator = (
        viewer_of(make_user("operator")),
        viewer_of(make_user("operator", agency)),
    )
    assert group_operator.may(Area.MONITORING)
    assert not agency_operator.may(Area.MONITORING)
    assert agency_operator.scope(Area.ALERTS).agency_ids == {agency.pk}
    assert not group_operator.may(Area.RECOVERY)
