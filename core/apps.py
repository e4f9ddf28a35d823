from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.people.access import Area


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core.audit import signals as audit_signals
        from core.audit import wrapper
        from core.people import metrics  # noqa: F401  (registers its figures)
        from core.people import signals as people_signals

        wrapper.install()
        audit_signals.connect()
        people_signals.connect()
        self._fill_rail()

    def _fill_rail(self) -> None:
        from core.pages.rail import Group, RailItem, register

        register(RailItem(Group.GOVERNANCE, "people", "people", _("People"), Area.PEOPLE, 80, "p"))
        register(
            RailItem(Group.GOVERNANCE, "configuration", "settings", _("Configuration"), Area.CONFIGURATION, 90, "o")
        )
