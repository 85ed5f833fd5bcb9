"""JSON in and out. In: exactly RFC 8259 in UTF-8, bounded, without ambiguous names or unstorable text. Out: bytes."""

import json
import re
from datetime import datetime
from typing import Any, NoReturn

import msgspec
from django.http import HttpRequest, HttpResponse

from kgen.errors import Invalid, PayloadTooLarge, UnsupportedMediaType

# 64-bit integers have at most 20 characters; nothing on the wire is larger, and int() of 5,000 digits is slow.
MAX_INTEGER_CHARACTERS = 20
_LONE_SURROGATE_OR_NUL = re.compile("[\x00\ud800-\udfff]")
_encode = msgspec.json.Encoder().encode


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_integer(text: str) -> int:
    if len(text) > MAX_INTEGER_CHARACTERS:
        raise ValueError("an integer has too many digits")
    return int(text)


def _read_fraction(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs. Refuses repeated names: two readers may disagree on which value counts."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name is repeated in one object")
    return fields


_decoder = json.JSONDecoder(
    object_pairs_hook=_distinct,
    parse_int=_read_integer,
    parse_float=_read_fraction,
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
    """Parse one JSON object.

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
    """The request's body as an object; an empty body is an empty object.

    :raises PayloadTooLarge: more than `limit` bytes.
    :raises UnsupportedMediaType: not JSON by its Content-Type, or compressed.
    :raises Invalid: see `decode_object`.
    """
    body = read_bytes(request, limit)
    if not body:
        return {}
    _check_media_type(request)
    return decode_object(body)


def _check_media_type(request: HttpRequest) -> None:
    media, _, parameters = request.META.get("CONTENT_TYPE", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media.strip().lower() not in ("application/json", ""):
        raise UnsupportedMediaType()
    if charset.startswith("charset=") and charset != "charset=utf-8":
        raise UnsupportedMediaType()
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType()


def encode(payload: Any) -> bytes:
    """JSON bytes. Times become RFC 3339 in UTC with Z, UUIDs lower case."""
    return _encode(payload)


def answer(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON response."""
    return HttpResponse(encode(payload), status=status, content_type="application/json", headers=headers)


def moment(value: datetime | None) -> str | None:
    """A time as text: RFC 3339 in UTC with Z; None stays None."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
