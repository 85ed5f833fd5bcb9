"""The demo app."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """demo. It has no models."""

    name = "demo"
