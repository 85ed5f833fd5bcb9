"""A request on the fast path, and its answer."""

from dataclasses import dataclass, field

import msgspec

from kgen.api.json import decode_object
from kgen.errors import DomainError


class NotFastPath(Exception):
    """Not a fault: this request is for the ordinary path."""


@dataclass(slots=True)
class FastRequest:
    """A request whose body is here. Header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    request_id: str
    # What the answer's headers say of the caller's limit, once it was counted.
    rate_headers: dict[str, str] = field(default_factory=dict)

    def read[T](self, shape: type[T]) -> T:
        """The body as `shape`, a msgspec structure that admits nothing which the call's serializer would not.

        :raises NotFastPath: it is anything else, or something is wrong with it.
        """
        if self.headers.get(b"content-type") != b"application/json":
            raise NotFastPath
        try:
            return msgspec.convert(decode_object(self.body), shape)
        except (DomainError, msgspec.ValidationError):
            raise NotFastPath from None

    def parameters(self) -> dict[str, str]:
        """The query's parameters, as they are spelled.

        :raises NotFastPath: one stands twice.
        """
        given: dict[str, str] = {}
        for part in self.query.decode("latin-1").split("&") if self.query else ():
            name, _, value = part.partition("=")
            if name in given:
                raise NotFastPath
            given[name] = value
        return given

    def header(self, name: bytes) -> str | None:
        """A header's text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


@dataclass(slots=True)
class FastResponse:
    """An answer of the fast path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
