"""The page for people about the API, made from the OpenAPI document itself: nothing is said twice."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import resolve, reverse
from django.views.decorators.http import require_safe

from core.pages import page

_DEEPEST = 4


@dataclass(frozen=True)
class Field:
    """A parameter, or a property of a schema; `where` is path, query, header or empty."""

    name: str
    type: str
    required: bool
    description: str = ""
    where: str = ""


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    type: str


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: str
    answers: list[Answer]
    curl: str


@dataclass(frozen=True)
class Schema:
    name: str
    description: str
    fields: list[Field] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    title: str
    version: str
    description: str
    groups: list[tuple[str, list[Operation]]]
    schemas: list[Schema]


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"].get(name, {}) if name else schema


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: `string (uuid)`, `list of JobOut`, `integer or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_of(part) for part in schema[key]))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def example(document: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """A value of this shape, for the curl line."""
    schema = _resolve(document, schema)
    for key in ("example", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example(document, schema[key][0], depth)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if depth < _DEEPEST:
            required = schema.get("required") or list(schema.get("properties", {}))[:3]
            return {
                name: example(document, part, depth + 1)
                for name, part in schema.get("properties", {}).items()
                if name in required
            }
        case "array":
            return [example(document, schema.get("items", {}), depth + 1)] if depth < _DEEPEST else []
        case "integer":
            return 1
        case "number":
            return 1.5
        case "boolean":
            return True
        case "string":
            formats = {"date": "2026-03-31", "date-time": "2026-03-31T12:00:00Z", "uuid": "0198…"}
            return formats.get(schema.get("format", ""), "…")
    return {}


def _curl(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"curl -H {shlex.quote('Authorization: Bearer $TOKEN').replace(chr(39), chr(34))}"]
    if method != "get":
        lines.append(f"-X {method.upper()}")
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = example(document, content["application/json"].get("schema", {}))
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(body, ensure_ascii=False, default=str))}")
    lines.append(shlex.quote(f"{settings.PUBLIC_URL}{path}"))
    return " \\\n  ".join(lines)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    parameters = [
        Field(
            one["name"],
            type_of(one.get("schema", {})),
            bool(one.get("required")),
            one.get("description") or one.get("schema", {}).get("description", ""),
            one["in"],
        )
        for one in operation.get("parameters", [])
    ]
    body = next(
        (type_of(one.get("schema", {})) for one in operation.get("requestBody", {}).get("content", {}).values()), ""
    )
    answers = [
        Answer(
            str(status),
            answer.get("description", ""),
            next((type_of(one.get("schema", {})) for one in answer.get("content", {}).values()), ""),
        )
        for status, answer in operation.get("responses", {}).items()
    ]
    return Operation(
        operation.get("operationId", f"{method}{path}"),
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        parameters,
        body,
        answers,
        _curl(document, method, path, operation),
    )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            tag = (operation.get("tags") or [path.split("/")[2]])[0]
            yield tag, _operation(document, method, path, operation)


def read(document: dict[str, Any]) -> Document:
    """An OpenAPI document as the page shows it: operations by tag, then the schemas they speak of."""
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(document):
        groups.setdefault(tag, []).append(operation)
    schemas = [
        Schema(
            name,
            schema.get("description", ""),
            [
                Field(one, type_of(part), one in schema.get("required", []), part.get("description", ""))
                for one, part in schema.get("properties", {}).items()
            ],
        )
        for name, schema in sorted(document.get("components", {}).get("schemas", {}).items())
    ]
    info = document["info"]
    return Document(info["title"], info["version"], info.get("description", ""), sorted(groups.items()), schemas)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """GET /api/docs, for anybody who is signed in."""
    # The document is made by the project, which lies above core: asked for by its URL's name.
    view = resolve(reverse("api:openapi-json"))
    document = json.loads(view.func(request).content)
    return page(request, "api/docs.html", {"doc": read(document), "limit": settings.API_LIMIT})
