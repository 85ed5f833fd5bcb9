"""The users app."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """users."""

    name = "users"
