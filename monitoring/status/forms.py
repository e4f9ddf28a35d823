"""What is typed for the status page; the rules are the actions'."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitoring.models import StatusIncident
from monitoring.status.components import COMPONENTS


class ComponentsField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _("None marked means the whole product."))
        super().__init__(label=_("Parts"), choices=list(COMPONENTS.items()), required=False, **options)


class MomentField(forms.DateTimeField):
    """A time of the viewer's zone; native input."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)


def _words(label: Any, most: int, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": 4}), **options)


class IncidentForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("What people notice: “Messages are late”."))
    impact = forms.ChoiceField(label=_("Impact"), choices=StatusIncident.Impact.choices)
    components = ComponentsField()
    stage = forms.ChoiceField(label=_("Stage"), choices=StatusIncident.Stage.choices)
    body = _words(_("First update"), 4000, help_text=_("Everybody can read this: no names, no addresses."))


class UpdateForm(forms.Form):
    stage = forms.ChoiceField(label=_("Stage"), choices=StatusIncident.Stage.choices)
    body = _words(_("Update"), 4000, help_text=_("Everybody can read this: no names, no addresses."))


class MaintenanceForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120)
    note = _words(_("What will happen"), 2000, required=False)
    components = ComponentsField(
        help_text=_("None marked means the whole product. Naming the website, database or queue excuses it as well.")
    )
    starts_at = MomentField(label=_("Begins"))
    ends_at = MomentField(label=_("Ends"))

    @staticmethod
    def suggested() -> dict[str, dt.datetime]:
        """The next full hour, for an hour."""
        now = timezone.localtime()
        start = now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
        return {"starts_at": start, "ends_at": start + dt.timedelta(hours=1)}
