"""The rewards app."""

from django.apps import AppConfig


class RewardsConfig(AppConfig):
    """rewards."""

    name = "rewards"
