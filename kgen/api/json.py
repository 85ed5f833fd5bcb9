"""JSON in and out. In: exactly RFC 8259 in UTF-8, bounded, without ambiguous names or unstorable text. Out: bytes."""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import msgspec
from django.http import HttpRequest, HttpResponse

from kgen.api.numbers import read_integer, read_number
from kgen.errors import Invalid, PayloadTooLarge, UnsupportedMediaType

_LONE_SURROGATE_OR_NUL = re.compile("[\x00\ud800-\udfff]")
_encode = msgspec.json.Encoder().encode


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs. Refuses repeated names: two readers may disagree on which value counts."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name is repeated in one object")
    return fields


_decoder = json.JSONDecoder(
    object_pairs_hook=_distinct,
    parse_int=read_integer,
    parse_float=read_number,
    parse_constant=_refuse_constant,
)


def _has_unstorable_text(value: Any) -> bool:
    """Whether any text has a NUL or a lone surrogate: valid JSON, but PostgreSQL and UTF-8 cannot store them."""
    if isinstance(value, str):
        return bool(_LONE_SURROGATE_OR_NUL.search(value))
    if isinstance(value, dict):
        return any(_has_unstorable_text(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(map(_has_unstorable_text, value))


def decode_object(body: bytes) -> dict[str, Any]:
    """Parse one JSON object. A whole number is an int in whatever spelling: `10.0` and `1e1` are 10.

    :raises Invalid: not JSON in UTF-8 (a BOM is not allowed), not an object, repeated names, NaN or Infinity,
        integers beyond 64 bits, nesting too deep, NUL or lone surrogates in any text.
    """
    try:
        value = _decoder.decode(body.decode("utf-8"))
        # Strict UTF-8 and JSON refuse these characters unescaped, so only an escape can bring them in.
        unstorable = b"\\u" in body and _has_unstorable_text(value)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None
    if unstorable:
        raise Invalid("A text contains a NUL or a lone surrogate.")
    if not isinstance(value, dict):
        raise Invalid("The body must be a JSON object.")
    return value


def read_bytes(request: HttpRequest, limit: int) -> bytes:
    """The request's body, unparsed.

    :raises PayloadTooLarge: more than `limit` bytes.
    """
    declared = request.META.get("CONTENT_LENGTH") or "0"
    # Check the number of digits first: int() of thousands of digits raises.
    if declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
        raise PayloadTooLarge()
    body = request.read(limit + 1)
    if len(body) > limit:
        raise PayloadTooLarge()
    return body


def read_object(request: HttpRequest, limit: int) -> dict[str, Any]:
    """The request's body as an object; an empty body and `null` are an empty object.

    :raises PayloadTooLarge: more than `limit` bytes.
    :raises UnsupportedMediaType: not JSON by its Content-Type, or compressed.
    :raises Invalid: see `decode_object`.
    """
    body = read_bytes(request, limit)
    if not body:
        return {}
    if not is_json(request.META.get("CONTENT_TYPE", "")):
        raise UnsupportedMediaType()
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType()
    return {} if is_null(body) else decode_object(body)


def is_null(body: bytes) -> bool:
    """Whether a body is JSON's `null`, which stands for no body."""
    return len(body) < 100 and body.strip(b" \t\r\n") == b"null"


@lru_cache(maxsize=100)
def is_json(content_type: str) -> bool:
    """Whether a Content-Type allows JSON in UTF-8: none, or `application/json` with no charset or with UTF-8.

    Parameters are read as RFC 9110, 5.6.6 has them: names in either case, values as tokens or quoted, blanks around
    the semicolons, empty ones, unknown ones.
    """
    media, *parameters = content_type.split(";")
    if media.strip().lower() not in ("application/json", ""):
        return False
    pairs = (parameter.strip().partition("=") for parameter in parameters)
    charsets = [_unquoted(value).lower() for name, _, value in pairs if name.lower() == "charset"]
    return all(charset in ("utf-8", "utf8") for charset in charsets)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def encode(payload: Any) -> bytes:
    """JSON bytes. Times become RFC 3339 in UTC with Z, UUIDs lower case."""
    return _encode(payload)


def answer(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON response."""
    return HttpResponse(encode(payload), status=status, content_type="application/json", headers=headers)


def moment(value: datetime | None) -> str | None:
    """A time as text: RFC 3339 in UTC with Z; None stays None."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
