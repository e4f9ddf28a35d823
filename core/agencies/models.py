from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from core.personal import DataMap


def validate_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Use a time zone such as America/Sao_Paulo."))


class Agency(models.Model):
    """A tenant: it owns clients, projects, payments and leads. Days and months are of its time zone."""

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=200)
    timezone = models.CharField(_("time zone"), max_length=64, default="America/Sao_Paulo", validators=[validate_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="BRL",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Use a three-letter code such as BRL."))],
    )
    is_demo = models.BooleanField(_("demo data"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    data_map: ClassVar[DataMap] = DataMap(resource_type="agency", agency="id", not_personal={"name": "of a company"})

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="core_agency_currency_code"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)
