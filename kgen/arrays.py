"""Arrays as PostgreSQL's text: many times as fast as a list that the driver takes apart."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID


def array(values: Iterable[object]) -> str:
    """An array of numbers, ids or times, which need no escapes; None is NULL. The statement says its type.

    Ids may come as the text that they are in PostgreSQL already.
    """
    members: list[Any] = list(values)
    kinds = set(map(type, members))
    if kinds == {int}:
        # All at once, where each alone takes several times as long.
        return f"{{{str(members)[1:-1]}}}"
    if kinds == {datetime}:
        # Most columns of times hold few different ones.
        texts = {moment: moment.isoformat() for moment in set(members)}
        return f"{{{','.join(map(texts.__getitem__, members))}}}"
    if kinds == {UUID}:
        # A fifth of the time that the hyphens take.
        return f"{{{','.join([member.hex for member in members])}}}"
    return f"{{{','.join(members if kinds == {str} else map(_member, members))}}}"


def arrays(rows: Iterable[Iterable[object]]) -> list[str]:
    """The columns of some rows, of which there is one at least."""
    return [array(column) for column in zip(*rows, strict=True)]


def _member(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else "NULL" if value is None else str(value)
