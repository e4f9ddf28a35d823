"""The data map: what the triggers hide is what the models say, and nothing personal is forgotten."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connection, models

from core.audit.operations import TRIGGER, trigger_arguments
from core.personal import mapped_models

OURS = (
    "core",
    "cache",
    "business",
    "monitoring",
    "compliance",
    "backup",
    "integrations",
    "whatsapp",
    "alerts",
    "executive",
)
# Models without a map, each with the reason.
WITHOUT_MAP: dict[str, str] = {}
LOOKS_PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|whatsapp|name|surname|document|cpf|cnpj|rg|address|street|city|zip|birth|"
    r"gender|ip|user_agent|comment|latitude|longitude)(_|$)"
)
LOOKS_SECRET = re.compile(r"(^|_)(password|secret|token|digest|api_key|private_key)(_|$)")


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def test_every_model_has_a_data_map_or_a_reason_for_none() -> None:
    mapped = {model for model, _map in mapped_models().values()}
    missing = {model.__name__ for model in _models() if model not in mapped}
    assert missing == set(WITHOUT_MAP)


def test_every_field_that_looks_personal_is_declared_or_explained() -> None:
    forgotten = []
    for table, (model, data_map) in mapped_models().items():
        for field in model._meta.concrete_fields:
            if field.is_relation or isinstance(field, (models.DateTimeField, models.DateField)):
                continue
            known = set(data_map.personal) | data_map.secret | set(data_map.not_personal)
            looks = LOOKS_PERSONAL.search(field.name) or LOOKS_SECRET.search(field.name)
            if looks and field.name not in known and field.column not in known:
                forgotten.append(f"{table}.{field.name}")
    assert forgotten == []


def test_what_the_map_names_exists() -> None:
    wrong = []
    for table, (model, data_map) in mapped_models().items():
        columns = {name for field in model._meta.concrete_fields for name in (field.name, field.column)}
        named = {*data_map.personal, *data_map.secret, *data_map.ignored, *data_map.not_personal}
        named |= {data_map.agency} if data_map.agency else set()
        wrong += [f"{table}.{name}" for name in named - columns]
    assert wrong == []


@pytest.mark.django_db
def test_installed_triggers_hide_exactly_what_the_map_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgargs, tgenabled FROM pg_trigger WHERE tgname = %s", [TRIGGER])
        installed = {
            table: tuple(part.decode() for part in bytes(arguments).split(b"\0")[:-1])
            for table, arguments, enabled in cursor.fetchall()
            if enabled in ("O", "A")
        }
    expected = {
        table: trigger_arguments(
            data_map.resource_type, data_map.action, data_map.agency, list(data_map.hidden), list(data_map.ignored)
        )
        for table, (_model, data_map) in mapped_models().items()
        if data_map.audited
    }
    assert installed == expected
