"""What the paths of play say."""

from uuid import UUID

from kgen.api.fields import id_of
from kgen.fast_path import NotFastPath


def tournament_of_path(uid: str) -> UUID:
    """The id in a path.

    :raises NotFastPath: it is none.
    """
    known = id_of(uid)
    if known is None:
        raise NotFastPath
    return known
