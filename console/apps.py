"""The console app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """console. It has no models."""

    name = "console"
    verbose_name = "Console"
