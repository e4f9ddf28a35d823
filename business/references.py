"""DDL of migration 0007: what a row refers to is of the row's own agency, held by the database.

A foreign key on (id, agency) beside the plain one would cost every import a second look-up a row; it says all
that the plain one says, and takes its place (`db_constraint=False` in models.py).
"""

from __future__ import annotations

# Table, column, and what it refers to.
REFERENCES = (
    ("business_project", "client_id", "business_client"),
    ("business_projectstatuschange", "project_id", "business_project"),
    ("business_contract", "client_id", "business_client"),
    ("business_contractchange", "contract_id", "business_contract"),
    ("business_payment", "client_id", "business_client"),
    ("business_payment", "project_id", "business_project"),
    ("business_payment", "contract_id", "business_contract"),
    ("business_lead", "client_id", "business_client"),
    ("business_satisfaction", "client_id", "business_client"),
    ("business_satisfaction", "project_id", "business_project"),
)
_REFERRED = sorted({referred for _table, _column, referred in REFERENCES})


def _name(table: str, column: str) -> str:
    return f"{table}_{column.removesuffix('_id')}_of_agency"


# Django keeps foreign keys deferred; the unique keys are what these refer to, and no rule for forms.
FORWARD = "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_agency UNIQUE (id, agency_id);\n" for table in _REFERRED
) + "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, column)} FOREIGN KEY ({column}, agency_id)"
    f" REFERENCES {referred} (id, agency_id) DEFERRABLE INITIALLY DEFERRED;\n"
    for table, column, referred in REFERENCES
)
REVERSE = "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, column)};\n" for table, column, _referred in REFERENCES
) + "".join(f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_agency;\n" for table in _REFERRED)
