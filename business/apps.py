from django.apps import AppConfig


class BusinessConfig(AppConfig):
    name = "business"

    def ready(self) -> None:
        from business import rail

        rail.fill()
