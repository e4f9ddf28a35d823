"""Everything that beat runs. Times of day are in the group's time zone."""

from __future__ import annotations

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from core.schedule import Entry, register

register(
    Entry(
        "client-facts",
        "business.figures.tasks.refresh_facts",
        15,
        _("Refreshes what is kept of clients that something changed."),
        15,
    ),
    Entry("roll-up", "monitoring.tasks.roll_up", 60, _("Rolls samples up into minutes and hours."), 60),
    Entry(
        "roll-up-requests",
        "monitoring.tasks.roll_up_requests",
        60,
        _("Adds the minutes of requests and tasks up to hours, days and weeks."),
        60,
    ),
    Entry(
        "partitions",
        "monitoring.tasks.keep_partitions",
        crontab(minute="15"),
        _("Makes the partitions of measurements of the days to come, and drops those whose time is over."),
    ),
    Entry(
        "heartbeat", "monitoring.tasks.beat_heart", 60, _("Tells the outside watcher that beat and worker live."), 60
    ),
    Entry("tidy", "monitoring.tasks.tidy", crontab(minute="10"), _("Drops measurements past their time.")),
    Entry("outbox-sweep", "core.tasks.sweep_outbox", 10, _("Delivers what a lost wake-up left."), 10),
    Entry("jobs-lost", "core.tasks.fail_lost_jobs", 60, _("Fails jobs whose worker stopped."), 60),
    Entry("prune", "core.tasks.prune", crontab(hour="3", minute="20"), _("Drops old events and jobs.")),
    Entry(
        "import-files",
        "business.tasks.remove_import_files",
        crontab(hour="4", minute="10"),
        _("Removes uploaded files after seven days."),
    ),
    Entry(
        "audit-partitions",
        "core.tasks.make_partitions",
        crontab(hour="3", minute="40"),
        _("Makes the audit trail's partitions of the months to come."),
    ),
)
