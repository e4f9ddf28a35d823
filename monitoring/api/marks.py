"""`POST /api/monitoring/annotations`: what a pipeline did, marked on the charts."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from pydantic import AwareDatetime

from core.api.auth import viewer_of_request
from core.api.problems import Problem
from monitoring.page import actions

router = Router(tags=["metrics"])


class AnnotationIn(Schema):
    """A moment on the time axis."""

    model_config = {"extra": "forbid"}

    text: str = Field(max_length=actions.LONGEST, examples=["2026.11.24-3"])
    kind: str = Field("deploy", description="deploy or note")
    at: AwareDatetime | None = Field(None, description="RFC 3339; default now.")
    link: str = Field("", max_length=500, description="https, or a path of this installation.")
    key: str = Field("", max_length=120, description="Sent twice with one key, it is noted once: a build's id.")


class AnnotationOut(Schema):
    created: bool = Field(description="false: this key was noted before.")


@router.post("monitoring/annotations", response={201: AnnotationOut, 200: AnnotationOut}, summary="Mark a moment")
def annotate(request: HttpRequest, payload: AnnotationIn) -> Status[dict[str, bool]]:
    """A deployment, or anything else that explains a change of the figures."""
    try:
        new = actions.annotate_by(
            viewer_of_request(request),
            payload.kind,
            payload.text,
            payload.at,
            payload.link,
            payload.key,
            timezone.now(),
        )
    except actions.Refused as refused:
        raise Problem(422, refused.message, errors=[{"field": refused.field, "message": refused.message}]) from refused
    return Status(201 if new else 200, {"created": new})
