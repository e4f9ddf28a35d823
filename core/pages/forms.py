"""How forms are rendered. (First version; the owner of core/pages completes it.)"""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    pass
