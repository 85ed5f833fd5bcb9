"""Who did it, in words: rows keep an operator's number only."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model


def operator_names(ids: Iterable[int | None]) -> dict[int | None, str]:
    """The names of operators, by their numbers; one that is gone has none."""
    wanted = {id for id in ids if id is not None}
    if not wanted:
        return {}
    return dict(get_user_model()._base_manager.filter(pk__in=wanted).values_list("pk", "username"))
