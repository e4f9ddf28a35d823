from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings


class FvdashConfig(AppConfig):
    name = "fvdash"

    def ready(self) -> None:
        self._discover("metrics", "handlers")
        from core import schedule
        from fvdash import schedule as _entries  # noqa: F401  (registers what beat runs)
        from fvdash.celery import app

        schedule.connect()
        app.conf.beat_schedule = schedule.beat_schedule()

    def _discover(self, *names: str) -> None:
        """Imports `<app>/metrics.py` and `<app>/handlers.py`, which register what they hold."""
        for app in settings.INSTALLED_APPS:
            if "." not in app and (settings.BASE_DIR / app).is_dir():
                for name in names:
                    if find_spec(f"{app}.{name}"):
                        import_module(f"{app}.{name}")
