"""The business that is measured. Every row belongs to one agency; money is numeric in the agency's currency.

`source_id` is the row's id where it came from; with the agency it is unique, so that an import repeats safely.
What a row refers to is of its own agency: the database's foreign keys are on (id, agency), made by `references.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import PROTECT, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.personal import Basis, Category, DataMap, Erasure, Personal

_SERVICE = "providing the service"
_BOOKS = "accounting records are kept by law"


class Owned(models.Model):
    """A row of an agency."""

    agency = models.ForeignKey("core.Agency", PROTECT, related_name="+", verbose_name=_("agency"))
    source_id = models.CharField(_("source id"), max_length=100, blank=True, default="")

    class Meta:
        abstract = True


def source_once(table: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["agency", "source_id"], condition=~Q(source_id=""), name=f"{table}_source_once"
    )


def not_negative(table: str, column: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{column}__gte": 0}), name=f"{table}_{column}_not_negative")


class Client(Owned):
    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("client or project", "active")
        ARCHIVED = "archived", pgettext_lazy("client or project", "archived")

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    phone = models.CharField(_("phone"), max_length=32, blank=True, default="")
    document = models.CharField(_("CPF or CNPJ"), max_length=18, blank=True, default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    state = models.CharField(_("state"), max_length=60, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    whatsapp_opt_in_at = models.DateTimeField(_("WhatsApp consent"), null=True, blank=True)
    whatsapp_opt_in_source = models.CharField(_("source of the consent"), max_length=120, blank=True, default="")

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="client_data",
        personal={
            "name": Personal(Category.IDENTITY, _SERVICE, Basis.CONTRACT, export_name="name"),
            "email": Personal(Category.CONTACT, _SERVICE, Basis.CONTRACT, export_name="email"),
            "phone": Personal(Category.CONTACT, _SERVICE, Basis.CONTRACT, export_name="phone"),
            "document": Personal(
                Category.DOCUMENT,
                "invoicing",
                Basis.LEGAL_OBLIGATION,
                Erasure.KEEP,
                export_name="document",
                keep_because=_BOOKS,
            ),
            "city": Personal(Category.LOCATION, _SERVICE, Basis.CONTRACT, export_name="city"),
        },
        not_personal={"whatsapp_opt_in_source": "where the consent was given: a form, a contract"},
    )

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        constraints: ClassVar = [
            source_once("business_client"),
            models.CheckConstraint(
                condition=Q(status="archived", archived_at__isnull=False)
                | Q(status="active", archived_at__isnull=True),
                name="business_client_archived_when",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agency", "-created_at", "-id"], name="business_client_list"),
        ]

    def __str__(self) -> str:
        return self.name


class Project(Owned):
    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", pgettext_lazy("client or project", "active")
        PAUSED = "paused", _("paused")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")

    client = models.ForeignKey(
        Client, PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("client"), db_constraint=False
    )
    name = models.CharField(_("name"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    value = models.DecimalField(
        _("value"), max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    deadline = models.DateField(_("deadline"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    data_map: ClassVar[DataMap] = DataMap(resource_type="project_data", not_personal={"name": "the project's own name"})

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints: ClassVar = [
            source_once("business_project"),
            not_negative("business_project", "value"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agency", "-created_at", "-id"], name="business_project_list"),
            models.Index(fields=["client", "created_at"], name="business_project_client"),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectStatusChange(models.Model):
    """History of a project's status; the first row is its creation, from an empty status."""

    agency = models.ForeignKey("core.Agency", PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.CASCADE, related_name="status_changes", db_constraint=False)
    from_status = models.CharField(max_length=10, blank=True, default="")
    to_status = models.CharField(max_length=10)
    changed_at = models.DateTimeField()
    changed_by_id = models.BigIntegerField(null=True)
    note = models.CharField(max_length=300, blank=True, default="")

    data_map: ClassVar[DataMap] = DataMap(resource_type="project_data", audited=False)

    class Meta:
        ordering: ClassVar = ["changed_at", "id"]
        indexes: ClassVar = [models.Index(fields=["project", "changed_at"], name="business_statuschange")]


class Contract(Owned):
    """A recurring contract. Its amount is per interval; later amounts are in `ContractChange`."""

    class Interval(models.TextChoices):
        MONTHLY = "monthly", _("monthly")
        QUARTERLY = "quarterly", _("quarterly")
        ANNUAL = "annual", _("annual")

    client = models.ForeignKey(Client, PROTECT, related_name="contracts", verbose_name=_("client"), db_constraint=False)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    interval = models.CharField(_("interval"), max_length=10, choices=Interval, default=Interval.MONTHLY)
    start = models.DateField(_("start"))
    end = models.DateField(_("end"), null=True, blank=True)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="contract_data", not_personal={"name": "the contract's own name"}
    )

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints: ClassVar = [
            source_once("business_contract"),
            not_negative("business_contract", "amount"),
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(end__gte=F("start")),
                name="business_contract_end_after_start",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "start"], name="business_contract_client")]

    def __str__(self) -> str:
        return self.name or str(self.pk)


class ContractChange(Owned):
    """From `effective_from` on, the contract's amount per interval is `amount`."""

    contract = models.ForeignKey(
        Contract, models.CASCADE, related_name="changes", verbose_name=_("contract"), db_constraint=False
    )
    effective_from = models.DateField(_("effective from"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])

    data_map: ClassVar[DataMap] = DataMap(resource_type="contract_data")

    class Meta:
        verbose_name = _("change of amount")
        verbose_name_plural = _("changes of amount")
        ordering: ClassVar = ["effective_from"]
        constraints: ClassVar = [
            source_once("business_contractchange"),
            not_negative("business_contractchange", "amount"),
            models.UniqueConstraint(fields=["contract", "effective_from"], name="business_contractchange_once_a_day"),
        ]


# Ways to pay that forms offer; a source may bring others.
METHODS = ("pix", "boleto", "card", "transfer", "cash", "voucher", "other")


class Payment(Owned):
    """Money due (`paid_at` empty), received, or refunded in part or whole on a later day."""

    client = models.ForeignKey(
        Client, PROTECT, null=True, blank=True, related_name="payments", verbose_name=_("client"), db_constraint=False
    )
    project = models.ForeignKey(
        Project, PROTECT, null=True, blank=True, related_name="payments", verbose_name=_("project"), db_constraint=False
    )
    contract = models.ForeignKey(
        Contract,
        PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=_("contract"),
        db_constraint=False,
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    method = models.CharField(_("method"), max_length=40, blank=True, default="")
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    refunded_amount = models.DecimalField(
        _("refunded amount"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )

    data_map: ClassVar[DataMap] = DataMap(resource_type="payment_data")

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            source_once("business_payment"),
            not_negative("business_payment", "amount"),
            models.CheckConstraint(
                condition=Q(refunded_at__isnull=True, refunded_amount__isnull=True)
                | Q(
                    refunded_at__isnull=False,
                    refunded_amount__gt=0,
                    refunded_amount__lte=F("amount"),
                    paid_at__isnull=False,
                    refunded_at__gte=F("paid_at"),
                ),
                name="business_payment_refund_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agency", "paid_at"], include=["amount", "client"], name="business_payment_paid"),
            models.Index(
                fields=["agency", "refunded_at"],
                include=["refunded_amount"],
                condition=Q(refunded_at__isnull=False),
                name="business_payment_refunded",
            ),
            models.Index(fields=["client", "paid_at"], name="business_payment_client"),
            models.Index(fields=["agency", "method"], name="business_payment_method"),
        ]


class Lead(Owned):
    class Outcome(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    source = models.CharField(_("source"), max_length=100, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.OPEN)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    client = models.ForeignKey(
        Client, PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("client"), db_constraint=False
    )

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="lead_data",
        personal={
            "name": Personal(
                Category.IDENTITY,
                "answering who asked for an offer",
                Basis.LEGITIMATE_INTEREST,
                retention_days=730,
                export_name="name",
            )
        },
    )

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints: ClassVar = [
            source_once("business_lead"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(outcome="open"), name="business_lead_open_not_closed"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agency", "-created_at", "-id"], name="business_lead_list"),
            models.Index(fields=["agency", "closed_at"], include=["outcome"], name="business_lead_closed"),
        ]


class Satisfaction(Owned):
    """An answer from 1 (worst) to 5 (best)."""

    client = models.ForeignKey(
        Client, PROTECT, null=True, blank=True, related_name="answers", verbose_name=_("client"), db_constraint=False
    )
    project = models.ForeignKey(
        Project, PROTECT, null=True, blank=True, related_name="answers", verbose_name=_("project"), db_constraint=False
    )
    score = models.PositiveSmallIntegerField(_("score"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.TextField(_("comment"), blank=True, default="", max_length=2000)
    answered_at = models.DateTimeField(_("answered"), default=timezone.now)

    data_map: ClassVar[DataMap] = DataMap(
        resource_type="satisfaction_data",
        personal={
            "comment": Personal(
                Category.OPINION, "improving the service", Basis.LEGITIMATE_INTEREST, export_name="comment"
            )
        },
    )

    class Meta:
        verbose_name = _("satisfaction answer")
        verbose_name_plural = _("satisfaction answers")
        constraints: ClassVar = [
            source_once("business_satisfaction"),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="business_satisfaction_score"),
        ]
        indexes: ClassVar = [models.Index(fields=["agency", "answered_at"], name="business_satisfaction_when")]


from business.figures.models import ClientFact, StaleClient  # noqa: E402  (known to Django only from here)
from business.importing.models import ImportFile, ImportMap  # noqa: E402

__all__ = [
    "METHODS",
    "Client",
    "ClientFact",
    "Contract",
    "ContractChange",
    "ImportFile",
    "ImportMap",
    "Lead",
    "Payment",
    "Project",
    "ProjectStatusChange",
    "Satisfaction",
    "StaleClient",
]
