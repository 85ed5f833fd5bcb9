"""Hashing passwords. It takes a third of a second of a core on purpose, in a thread that also serves gamers."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from kgen.errors import Unavailable

# In one process, whatever asks for them: logins, password changes, new operators.
AT_ONCE = 2
_places = BoundedSemaphore(AT_ONCE)


@contextmanager
def place_to_hash() -> Iterator[None]:
    """One of the process's places to hash in, until the end of the block. Nobody waits for one: that takes a thread.

    :raises Unavailable: all are taken.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many passwords are checked at this moment. Nothing was changed. Try again.")
    try:
        yield
    finally:
        _places.release()


class BoundedHasher(PBKDF2PasswordHasher):
    """Django's default hasher with a bound on how many hashes are computed at once.

    Checking a password encodes it too, so no caller can get round the bound.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """
        :raises Unavailable: too many are at it.
        """
        with place_to_hash():
            return super().encode(password, salt, iterations)
