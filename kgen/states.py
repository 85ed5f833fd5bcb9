"""Moves a row from one state to the next, safely against concurrent moves."""

from typing import Any

from django.db.models import Model

from kgen.errors import WrongState


def move_to(row: Model, *, where: dict[str, Any], **values: Any) -> None:
    """Write `values` to `row` only while `where` still holds, by one conditional UPDATE.

    :raises WrongState: `where` does not hold, perhaps because another transaction was faster.
    """
    manager = type(row)._default_manager
    if manager.filter(pk=row.pk, **where).update(**values) != 1:
        raise WrongState()
    for name, value in values.items():
        setattr(row, name, value)
