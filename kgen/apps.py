"""The floor as a Django app: it has two small tables of its own."""

from django.apps import AppConfig


class KgenConfig(AppConfig):
    """kgen."""

    name = "kgen"
    verbose_name = "Floor"
