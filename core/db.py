"""Small database expressions shared by all apps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class UUIDv7(models.Func):
    """PostgreSQL 18's uuidv7(): ids that sort by time of creation."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field: ClassVar = models.UUIDField()
    arity = 0
