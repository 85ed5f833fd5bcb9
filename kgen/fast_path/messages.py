"""A request on the fast path, and its response."""

from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from kgen.api.fields import id_of
from kgen.api.json import decode_object
from kgen.errors import DomainError


class NotFastPath(Exception):
    """Not a fault: the ordinary path must serve this request."""


@dataclass(slots=True)
class FastRequest:
    """A request whose body has arrived. Header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    request_id: str
    # The RateLimit headers of the answer, once the call is counted.
    rate_headers: dict[str, str] = field(default_factory=dict)

    def read[T](self, shape: type[T]) -> T:
        """The body as `shape`, a msgspec type that accepts nothing which the call's serializer refuses.

        :raises NotFastPath: the body is not plainly of this shape.
        """
        if self.headers.get(b"content-type") != b"application/json":
            raise NotFastPath
        try:
            return msgspec.convert(decode_object(self.body), shape)
        except (DomainError, msgspec.ValidationError):
            raise NotFastPath from None

    def parameters(self) -> dict[str, str]:
        """The query's parameters, not decoded.

        :raises NotFastPath: a name is repeated.
        """
        given: dict[str, str] = {}
        for part in self.query.decode("latin-1").split("&") if self.query else ():
            name, _, value = part.partition("=")
            if name in given:
                raise NotFastPath
            given[name] = value
        return given

    def header(self, name: bytes) -> str | None:
        """The text of a header."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


def plain_id(text: str) -> UUID:
    """The id that `text` spells.

    :raises NotFastPath: it spells none.
    """
    known = id_of(text)
    if known is None:
        raise NotFastPath
    return known


@dataclass(slots=True)
class FastResponse:
    """A response of the fast path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
