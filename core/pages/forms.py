"""How forms are rendered: our field, our summary of errors, and names for assistive technology."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    form_template_name = "components/fields.html"
    formset_template_name = "django/forms/formsets/div.html"
    field_template_name = "components/field.html"
