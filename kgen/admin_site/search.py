"""Searches in long lists, by whole values of indexed columns."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_NONE = Q(pk__in=[])


def exactly[M: Model](rows: QuerySet[M], term: str, paths: tuple[str, ...]) -> QuerySet[M]:
    """The rows in which one of the columns equals `term`. A path with `__` leads to a column of a related row.

    A column that cannot hold the term is left out of the statement.
    """
    words = term.lower() if _ADDRESS.fullmatch(term) else term
    found = _NONE
    for path in paths:
        found |= _named(rows.model, path, words)
    return rows.filter(found)


def _named(model: Any, path: str, words: str) -> Q:
    key, _, column = path.rpartition("__")
    if not key:
        return _is(model, column, words)
    other = model._meta.get_field(key).related_model
    keys = list(other._base_manager.filter(_is(other, column, words)).values_list("pk", flat=True))
    return Q(**{f"{key}__in": keys}) if keys else _NONE


def _is(model: Any, column: str, words: str) -> Q:
    try:
        return Q(**{column: model._meta.get_field(column).to_python(words)})
    except ValidationError:
        return _NONE
