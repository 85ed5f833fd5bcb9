"""The wallet app."""

from django.apps import AppConfig


class WalletConfig(AppConfig):
    """wallet."""

    name = "wallet"
