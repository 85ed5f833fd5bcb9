"""Where pages of play lie."""

from typing import Any
from uuid import UUID

from kgen.admin_site.pages import address


def tournament_address(pk: UUID) -> str:
    """The page of a tournament."""
    return address("tournament_page", pk=pk)


def number_of(operator: Any) -> int:
    """An operator's number, as services take it."""
    assert operator.pk is not None, "the console lets nobody in without a login"
    return int(operator.pk)
