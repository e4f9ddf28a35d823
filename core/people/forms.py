"""Forms on people. A form turns input into grants; whether they may be given is the action's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.agencies.models import Agency
from core.people.access import AREA_LABELS, ROLE_LABELS, Area, Grant, Role, Viewer
from core.people.models import User

if TYPE_CHECKING:
    _AgencyModelForm = forms.ModelForm[Agency]
else:
    _AgencyModelForm = forms.ModelForm


class GrantsTable(forms.CheckboxSelectMultiple):
    """A row for each place, a column for each role."""

    template_name = "people/grants.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        options = [group[1][0] for group in context["widget"]["optgroups"]]
        size = len(Role)
        context["roles"] = list(ROLE_LABELS.values())
        context["places"] = [
            (str(options[at]["label"]).partition(" · ")[2], options[at : at + size])
            for at in range(0, len(options), size)
        ]
        return context


class GrantsField(forms.MultipleChoiceField):
    """A box for each role in each place where the viewer may give it; the value is a set of grants."""

    widget = GrantsTable

    def __init__(self, *, places: Sequence[tuple[int | None, str]], **options: Any) -> None:
        choices = [
            (f"{role}:{agency_id or ''}", f"{ROLE_LABELS[role]} · {place}")
            for agency_id, place in places
            for role in Role
        ]
        super().__init__(choices=choices, **options)

    def clean(self, value: Any) -> set[Grant]:
        found = set()
        for item in super().clean(value):
            role, _colon, agency = item.partition(":")
            found.add(Grant(Role(role), int(agency) if agency else None))
        return found

    def prepare_value(self, value: Any) -> Any:
        return [f"{item.role}:{item.agency_id or ''}" if isinstance(item, Grant) else item for item in value or []]


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, places: Sequence[tuple[int | None, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["grants"] = GrantsField(
            places=places,
            label=_("Roles"),
            help_text=_("A role of the whole group holds for every agency."),
            error_messages={"required": _("Give at least one role.")},
        )


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    requires_second_factor = forms.BooleanField(
        label=_("Must use a second factor"),
        required=False,
        help_text=_("Until one is set up, no other page opens for this person."),
    )


class RolesForm(forms.Form):
    def __init__(self, *args: Any, places: Sequence[tuple[int | None, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["grants"] = GrantsField(
            places=places, label=_("Roles"), error_messages={"required": _("Give at least one role.")}
        )


class AcceptForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=200)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters; a sentence is good."),
        strip=False,
    )
    again = forms.CharField(
        label=_("Password, again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("password")
        if password:
            try:
                validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("password", error)
            if data.get("again") is not None and data["again"] != password:
                self.add_error("again", _("The two passwords differ."))
        return data


class TokenForm(forms.Form):
    """A token of one's own; only scopes that the person's roles open are on offer."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("Limited to"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a choice it may do whatever your roles allow, now and later."),
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("30", _("in 30 days")), ("90", _("in 90 days")), ("365", _("in a year")), ("", _("never"))],
        initial="90",
    )

    def __init__(self, *args: Any, viewer: Viewer, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(area.value, AREA_LABELS[area]) for area in Area if viewer.may(area)]


class AgencyForm(_AgencyModelForm):
    class Meta:
        model = Agency
        fields = ("name", "slug", "timezone", "currency")
        help_texts = {
            "slug": _("In addresses and in the API: letters, digits and hyphens."),
            "timezone": _("Days and months of this agency begin and end there."),
            "currency": _("Three letters, such as BRL."),
        }

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug == "new":
            raise ValidationError(_("This short name is taken by an address of ours: choose another."))
        return slug

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()
