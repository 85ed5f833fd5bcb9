"""The floor as a Django app: it has two small tables of its own."""

from django.apps import AppConfig


class KgenConfig(AppConfig):
    """kgen."""

    name = "kgen"
    verbose_name = "Floor"

    def ready(self) -> None:
        # Here and not in the package: the launcher, which is part of it, needs no Celery.
        from kgen import celery  # noqa: F401
