"""Addresses of tournament pages."""

from typing import Any
from uuid import UUID

from kgen.admin_site.pages import address


def tournament_address(pk: UUID) -> str:
    """The address of a tournament's page."""
    return address("tournament_page", pk=pk)


def number_of(operator: Any) -> int:
    """An operator's id, as services take it."""
    assert operator.pk is not None, "the console requires a login"
    return int(operator.pk)
