from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExecutiveConfig(AppConfig):
    name = "executive"

    def ready(self) -> None:
        from core.pages.rail import Group, RailItem, register
        from core.people.access import Area

        register(RailItem(Group.BUSINESS, "executive", "executive", _("Executive"), Area.EXECUTIVE, order=10, key="e"))
