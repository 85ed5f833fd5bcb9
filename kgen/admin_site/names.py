"""Names of operators: rows hold their numbers only."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model


def operator_names(ids: Iterable[int | None]) -> dict[int | None, str]:
    """The names of operators, by their numbers. A removed operator is missing from the result."""
    wanted = {id for id in ids if id is not None}
    if not wanted:
        return {}
    return dict(get_user_model()._base_manager.filter(pk__in=wanted).values_list("pk", "username"))
