"""Arrays as PostgreSQL array literals: many times as fast as a list that the driver adapts item by item."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID


def array(values: Iterable[object]) -> str:
    """A literal of numbers, ids or times, which need no escapes; None becomes NULL. The statement must cast it.

    Ids may also be given as text.
    """
    members: list[Any] = list(values)
    kinds = set(map(type, members))
    if kinds == {int}:
        # One str() of the list is several times as fast as one per number.
        return f"{{{str(members)[1:-1]}}}"
    if kinds == {datetime}:
        # Most columns of times have few different values.
        texts = {moment: moment.isoformat() for moment in set(members)}
        return f"{{{','.join(map(texts.__getitem__, members))}}}"
    if kinds == {UUID}:
        # Without hyphens: a fifth of the time of str().
        return f"{{{','.join([member.hex for member in members])}}}"
    return f"{{{','.join(members if kinds == {str} else map(_member, members))}}}"


def arrays(rows: Iterable[Iterable[object]]) -> list[str]:
    """The literals of the columns of `rows`, which must not be empty."""
    return [array(column) for column in zip(*rows, strict=True)]


def _member(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else "NULL" if value is None else str(value)
