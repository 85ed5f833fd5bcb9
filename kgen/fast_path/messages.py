"""A request on the fast path, and its response."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from kgen.api.fields import id_of
from kgen.api.json import decode_object, is_json, is_null
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
    # The RateLimit headers of the answer, once the call is counted, and those of cross-origin calls.
    rate_headers: dict[str, str] = field(default_factory=dict)
    cors_headers: Mapping[str, str] = field(default_factory=dict)
    _object: dict[str, Any] | None = None

    def read[T](self, shape: type[T]) -> T:
        """The body as `shape`, a msgspec type that accepts nothing which the call's serializer refuses.

        :raises NotFastPath: the body is not plainly of this shape.
        """
        try:
            return msgspec.convert(self.object(), shape)
        except msgspec.ValidationError:
            raise NotFastPath from None

    def object(self) -> dict[str, Any]:
        """The body's JSON object, parsed once; `null` and no body are an empty one.

        :raises NotFastPath: the body is not plainly one.
        """
        if self._object is None:
            if not self.body:
                self._object = {}
            elif not is_json(self.header(b"content-type") or ""):
                raise NotFastPath
            elif is_null(self.body):
                self._object = {}
            else:
                try:
                    self._object = decode_object(self.body)
                except DomainError:
                    raise NotFastPath from None
        return self._object

    def parameters(self) -> dict[str, str]:
        """The query's parameters; their values are not decoded.

        :raises NotFastPath: a name is repeated, or is not plainly spelled.
        """
        given: dict[str, str] = {}
        for part in self.query.decode("latin-1").split("&") if self.query else ():
            name, _, value = part.partition("=")
            if name in given or "%" in name or "+" in name:
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
