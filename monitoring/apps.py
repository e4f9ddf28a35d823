from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from core.pages.rail import Group, RailItem, register
        from core.people.access import Area
        from monitoring import queueing, recording, requests, store  # noqa: F401  (plans of partitions)
        from monitoring.page import badge

        recording.connect()
        queueing.connect()
        register(
            RailItem(
                Group.OPERATION,
                "monitoring",
                "monitoring",
                _("Monitoring"),
                Area.MONITORING,
                10,
                "m",
                badge=badge.badge,
            )
        )
        register(RailItem(Group.OPERATION, "log", "log", _("Log"), Area.MONITORING, 15, "l"))
        register(RailItem(Group.OPERATION, "schedule", "schedule", _("Schedule"), Area.MONITORING, 60))
