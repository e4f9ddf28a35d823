"""The database itself holds that a row refers to rows of its own agency alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, models, transaction

from business.models import Contract, ContractChange, Lead, Payment, Project, ProjectStatusChange, Satisfaction
from business.references import REFERENCES
from core.models import Agency
from tests.business import factories as make

pytestmark = pytest.mark.django_db
REFERRING: tuple[type[models.Model], ...] = (
    Contract,
    ContractChange,
    Lead,
    Payment,
    Project,
    ProjectStatusChange,
    Satisfaction,
)


def rows(agency: Agency) -> dict[str, int]:
    """A row of each table, by its name."""
    client = make.make_client(agency)
    project = make.make_project(agency, client=client)
    contract = make.make_contract(agency, client=client)
    made = (
        client,
        project,
        contract,
        make.make_change(contract, dt.date(2026, 3, 1) + dt.timedelta(days=contract.pk % 1000), "1"),
        make.make_payment(agency, client=client, project=project, contract=contract),
        make.make_lead(agency, client=client),
        make.make_answer(agency, client=client, project=project),
        ProjectStatusChange.objects.filter(project=project).first() or _step(project),
    )
    return {row._meta.db_table: row.pk for row in made}


def _step(project: Project) -> ProjectStatusChange:
    return ProjectStatusChange.objects.create(
        agency=project.agency, project=project, to_status="active", changed_at=project.created_at
    )


def point(table: str, column: str, row: int, to: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', [to, row])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(("table", "column", "referred"), REFERENCES)
def test_a_reference_to_another_agency_is_refused(
    agency: Agency, other_agency: Agency, table: str, column: str, referred: str
) -> None:
    ours, theirs, more = rows(agency), rows(other_agency), rows(agency)
    point(table, column, ours[table], more[referred])
    with pytest.raises(IntegrityError, match="of_agency"):
        point(table, column, ours[table], theirs[referred])
    with pytest.raises(IntegrityError, match="of_agency"):
        point(table, column, ours[table], 10**9)


def test_a_row_does_not_move_away_from_what_refers_to_it(agency: Agency, other_agency: Agency) -> None:
    ours = rows(agency)
    with pytest.raises(IntegrityError, match="of_agency"):
        point("business_client", "agency_id", ours["business_client"], other_agency.pk)


def test_every_reference_of_the_business_is_held_so() -> None:
    found = {
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in REFERRING
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label == "business"
    }
    assert found == set(REFERENCES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conname LIKE '%\\_of\\_agency'")
        assert cursor.fetchone()[0] == len(REFERENCES)
