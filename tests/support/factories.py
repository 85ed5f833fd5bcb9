"""Rows that tests begin with. What a call of the product can make is made by the call instead."""

import factory

from users.models import Client


class ClientFactory(factory.django.DjangoModelFactory):
    """A game."""

    class Meta:
        model = Client

    name = factory.Sequence(lambda n: f"Game {n}")
