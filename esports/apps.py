"""The esports app."""

from django.apps import AppConfig


class EsportsConfig(AppConfig):
    """esports."""

    name = "esports"
