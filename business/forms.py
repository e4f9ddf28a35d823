"""Forms of the business. They read what is typed; the rules and the writing are the actions'.

Times are typed in the agency's zone; money as the reader's language writes it; another row by name, id or
source id, with suggestions where there is script.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from business import rules
from business.models import Client, Contract, Lead, Project
from business.queries.common import REFERENCES, Place, Ref, find_reference
from business.queries.payments import METHOD_LABELS
from business.queries.search import Fold, search_clients, search_named
from core import formats

_ID = re.compile(r"#(\d{1,18})\)?\s*$")
_SUGGESTED = 8


class MoneyField(forms.CharField):
    """An amount, "1.234,56" or "1234.56"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            max_length=40,
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        return formats.number(value, 2) if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return rules.typed_money(text, comma=formats.portuguese()) if text else None


class DayField(forms.DateField):
    """A day; native input."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%d", "%d/%m/%Y"], **options)


class MomentField(forms.DateTimeField):
    """A time of the active zone; native input. A day alone is its midnight."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        formats_ = [
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%dT%H:%M:%S",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%d",
            "%d/%m/%Y %H:%M",
            "%d/%m/%Y",
        ]
        super().__init__(widget=widget, input_formats=formats_, **options)


class DueField(DayField):
    """The day on which money is due: the instant kept is its midnight in the agency's zone."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return (timezone.localtime(value) if value.tzinfo else value).date()
        return super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        return timezone.make_aware(dt.datetime.combine(day, dt.time())) if day else None


class ReferenceInput(forms.TextInput):
    """A text input with suggestions: asked from the server while one types, where there is script."""

    def __init__(self, kind: str) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false"})
        self.kind = kind
        self.agency = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        key = f"{name}-options"
        address = f"{reverse('business-options', args=[self.kind])}?agency={self.agency}&field={name}"
        context["widget"]["attrs"] |= {
            "list": key,
            "hx-get": address,
            "hx-target": f"#{key}",
            "hx-swap": "innerHTML",
            "hx-trigger": "input changed delay:250ms",
            "hx-sync": "this:replace",
        }
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        return format_html(
            '{}<datalist id="{}-options"></datalist>', super().render(name, value, attrs, renderer), name
        )


class ReferenceField(forms.CharField):
    """A client, project or contract of the form's agency, by name, id ("#12") or source id."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        self.agency_id: int | None = None
        options.setdefault("help_text", _("Name, #number or source id."))
        super().__init__(widget=ReferenceInput(kind), max_length=260, **options)

    def prepare_value(self, value: Any) -> Any:
        return shown(value) if isinstance(value, (Ref, Client, Project, Contract)) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return self._found(text) if text else None

    def _found(self, text: str) -> Any:
        inside = Q(agency_id=self.agency_id)
        if match := _ID.search(text):
            by_id = find_reference(self.kind, inside, int(match[1]))
            if by_id is not None:
                return by_id
        if by_source := find_reference(self.kind, inside, text):
            return by_source
        found = suggestions(self.kind, inside, text)
        exact = [row for row in found if str(row.name).casefold() == text.casefold()]
        if len(exact) == 1:
            return exact[0]
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(_("Nothing in this agency matches. Type a part of the name, #number or source id."))
        raise ValidationError(
            _("Several match: type one of %(names)s.") % {"names": "; ".join(shown(row) for row in found)}
        )


def shown(row: Ref | Client | Project | Contract) -> str:
    """How a row is written in a field that names it."""
    pk = row.id if isinstance(row, Ref) else row.pk
    return f"{row.name} (#{pk})" if row.name and row.name != f"#{pk}" else f"#{pk}"


def suggestions(kind: str, inside: Q, text: str) -> list[Any]:
    """Rows whose words begin so; archived clients are left out."""
    rows: Any = REFERENCES[kind]._default_manager.filter(inside).annotate(folded=Fold("name"))
    if kind == "client":
        rows = search_clients(rows.filter(status=Client.Status.ACTIVE), text, inside)
    else:
        rows = search_named(rows, text, inside)
    return list(rows.order_by("folded", "pk")[:_SUGGESTED])


class BusinessForm(forms.Form):
    """A form about a row of one agency. `version` is what the row was when the form was made."""

    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, place: Place, **options: Any) -> None:
        super().__init__(*args, **options)
        self.place = place
        for field in self.fields.values():
            if isinstance(field, ReferenceField):
                field.agency_id = place.id
                field.widget.agency = place.slug

    def values(self) -> dict[str, Any]:
        """What was typed, for the action. An input shows no seconds: a time that was left alone stays exact."""
        found: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if name == "version":
                continue
            before = self.initial.get(name)
            field = self.fields[name]
            same = isinstance(field, (MomentField, DueField)) and before is not None and value is not None
            if same and self[name].value() == field.widget.format_value(field.prepare_value(_local(before))):
                value = before
            found[name] = value
        return found

    def given(self) -> dict[str, Any]:
        """As `values`, without what was left empty: for what has a default of its own."""
        return {name: value for name, value in self.values().items() if value not in (None, "")}


def _local(value: Any) -> dt.datetime:
    return timezone.localtime(value).replace(tzinfo=None)


def refuse(form: forms.Form, error: ValidationError) -> None:
    """Puts an action's refusal on the form, at its fields where the form has them."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


class ClientForm(BusinessForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.CharField(label=_("E-mail"), required=False, max_length=254, widget=forms.EmailInput)
    phone = forms.CharField(
        label=_("Phone"), required=False, max_length=60, help_text=_("With area code: (11) 98765-4321.")
    )
    document = forms.CharField(label=_("CPF or CNPJ"), required=False, max_length=40)
    city = forms.CharField(label=_("City"), required=False, max_length=120)
    state = forms.CharField(label=_("State"), required=False, max_length=60)
    source_id = forms.CharField(
        label=_("Source id"), required=False, max_length=100, help_text=_("Its id where it came from.")
    )
    created_at = MomentField(label=_("Client since"), required=False)
    whatsapp_opt_in_at = MomentField(label=_("WhatsApp consent given"), required=False)
    whatsapp_opt_in_source = forms.CharField(label=_("Source of the consent"), required=False, max_length=120)


class ProjectForm(BusinessForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    client = ReferenceField("client", label=_("Client"), required=False)
    status = forms.ChoiceField(label=_("Status"), choices=Project.Status.choices)
    value = MoneyField(label=_("Value"), required=False)
    deadline = DayField(label=_("Deadline"), required=False)
    source_id = forms.CharField(label=_("Source id"), required=False, max_length=100)
    created_at = MomentField(label=_("Created"), required=False)
    completed_at = MomentField(label=_("Completed"), required=False)
    cancelled_at = MomentField(label=_("Cancelled"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.initial.get("version"):
            # A status is changed by its own form, which says what may follow.
            del self.fields["status"]


class StatusForm(BusinessForm):
    status = forms.ChoiceField(label=_("New status"))
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))
    note = forms.CharField(label=_("Note"), required=False, max_length=300)

    def __init__(self, *args: Any, choices: Sequence[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["status"].choices = choices  # type: ignore[attr-defined]


class ContractForm(BusinessForm):
    client = ReferenceField("client", label=_("Client"))
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    amount = MoneyField(label=_("Amount at its start"), help_text=_("By interval. Later amounts are changes."))
    interval = forms.ChoiceField(label=_("Interval"), choices=Contract.Interval.choices)
    start = DayField(label=_("First day"))
    end = DayField(label=_("Last day"), required=False, help_text=_("Empty: it runs on."))
    source_id = forms.CharField(label=_("Source id"), required=False, max_length=100)


class AmountForm(BusinessForm):
    effective_from = DayField(label=_("From"))
    amount = MoneyField(label=_("New amount by interval"))


class EndForm(BusinessForm):
    end = DayField(label=_("Last day"), required=False, help_text=_("Empty: it runs on."))


class PaymentForm(BusinessForm):
    amount = MoneyField(label=_("Amount"))
    client = ReferenceField("client", label=_("Client"), required=False)
    project = ReferenceField("project", label=_("Project"), required=False)
    contract = ReferenceField("contract", label=_("Contract"), required=False)
    due_at = DueField(label=_("Due"), required=False)
    paid_at = MomentField(label=_("Paid"), required=False, help_text=_("Empty: not yet paid."))
    method = forms.CharField(label=_("Payment method"), required=False, max_length=40)
    source_id = forms.CharField(label=_("Source id"), required=False, max_length=100)
    refunded_at = MomentField(label=_("Refunded"), required=False)
    refunded_amount = MoneyField(label=_("Refunded amount"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _offer_methods(self, self.initial.get("method"))
        if not self.initial.get("refunded_at"):
            # A first refund has its own form.
            del self.fields["refunded_at"], self.fields["refunded_amount"]


class PaidForm(BusinessForm):
    at = MomentField(label=_("Paid"), required=False, help_text=_("Empty: now."))
    method = forms.CharField(label=_("Payment method"), required=False, max_length=40)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _offer_methods(self, self.initial.get("method"))


def _offer_methods(form: forms.Form, present: str | None) -> None:
    """The usual methods, and the one that the row has from its source."""
    choices: list[tuple[str, Any]] = [("", "—"), *METHOD_LABELS.items()]
    if present and present not in METHOD_LABELS:
        choices.append((present, present))
    form.fields["method"] = forms.ChoiceField(label=_("Payment method"), required=False, choices=choices)


class RefundForm(BusinessForm):
    amount = MoneyField(label=_("Amount given back"), required=False, help_text=_("Empty: the whole."))
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))


class LeadForm(BusinessForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    source = forms.CharField(label=_("Source"), required=False, max_length=100)
    created_at = MomentField(label=_("Created"), required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=Lead.Outcome.choices)
    closed_at = MomentField(label=_("Closed"), required=False)
    client = ReferenceField("client", label=_("Client"), required=False)
    source_id = forms.CharField(label=_("Source id"), required=False, max_length=100)


class WonForm(BusinessForm):
    client = ReferenceField(
        "client", label=_("Client"), required=False, help_text=_("An existing one, if it is there.")
    )
    new_client = forms.BooleanField(label=_("Else create a client with the lead's name"), required=False)
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))


class LostForm(BusinessForm):
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))


class AnswerForm(BusinessForm):
    score = forms.TypedChoiceField(
        label=_("Score"),
        coerce=int,
        choices=[
            (5, _("5, best")),
            (4, "4"),
            (3, "3"),
            (2, "2"),
            (1, _("1, worst")),
        ],
    )
    comment = forms.CharField(label=_("Comment"), required=False, max_length=2000, widget=forms.Textarea)
    client = ReferenceField("client", label=_("Client"), required=False)
    project = ReferenceField("project", label=_("Project"), required=False)
    answered_at = MomentField(label=_("Answered"), required=False, help_text=_("Empty: now."))
    source_id = forms.CharField(label=_("Source id"), required=False, max_length=100)
