from django.apps import AppConfig


class FvdashConfig(AppConfig):
    name = "fvdash"

    def ready(self) -> None:
        from core import schedule
        from fvdash import schedule as _entries  # noqa: F401  (registers what beat runs)
        from fvdash.celery import app

        schedule.connect()
        app.conf.beat_schedule = schedule.beat_schedule()
