from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core.audit import signals as audit_signals
        from core.audit import wrapper

        wrapper.install()
        audit_signals.connect()
