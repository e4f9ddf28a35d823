from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.people.access import ROLE_LABELS, Role
from core.personal import Basis, Category, DataMap, Personal

ROLE_CHOICES = [(role.value, label) for role, label in ROLE_LABELS.items()]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in. What they may see is in their role grants, never on this row."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    requires_second_factor = models.BooleanField(_("second factor required"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    theme = models.CharField(_("theme"), max_length=10, blank=True, default="")
    density = models.CharField(_("density"), max_length=10, blank=True, default="")
    date_joined = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    deactivated_at = models.DateTimeField(_("deactivated"), null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="user",
        agency=None,
        personal={
            "email": Personal(Category.CONTACT, "sign-in", Basis.CONTRACT, export_name="email"),
            "name": Personal(Category.IDENTITY, "sign-in", Basis.CONTRACT, export_name="name"),
        },
        secret=frozenset({"password"}),
        ignored=frozenset({"last_login", "language", "theme", "density"}),
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="core_user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()


class RoleGrant(models.Model):
    """A role of a person, global when `agency` is null."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(_("role"), max_length=10, choices=ROLE_CHOICES)
    agency = models.ForeignKey(
        "core.Agency", models.CASCADE, null=True, blank=True, related_name="grants", verbose_name=_("agency")
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    data_map: ClassVar[DataMap] = DataMap(resource_type="role", action="permission")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role", "agency"], nulls_distinct=False, name="core_rolegrant_once"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="core_rolegrant_role"
            ),
        ]


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept; `prefix` lets a person recognise it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="api_token",
        agency=None,
        action="permission",
        secret=frozenset({"digest"}),
        ignored=frozenset({"last_used_at"}),
        not_personal={"name": "what the token is for"},
    )


class UserActivity(models.Model):
    """One row per person and hour in which they signed in or opened a page (polls and tokens do not count)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="activity")
    hour = models.DateTimeField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="user_activity",
        agency=None,
        audited=False,
        personal={
            "last_at": Personal(
                Category.BEHAVIOUR, "counting active people", Basis.LEGITIMATE_INTEREST, retention_days=800
            ),
        },
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "hour"], name="core_useractivity_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["last_at", "user"], name="core_useractivity_last")]
