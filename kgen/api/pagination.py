"""Keyset pages: a cursor holds the last row's sort key. Rows whose key does not change appear exactly once."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from kgen.api.numbers import whole_number
from kgen.errors import Invalid

MAC_BYTES = 9
_READERS: dict[str, Any] = {"int": int, "str": str, "uuid": UUID, "time": datetime.fromisoformat}


@dataclass(frozen=True)
class Key:
    """One column of a sort key. The last column of a key must be unique, which makes the order total."""

    column: str
    kind: str = "int"
    descending: bool = False


def read_limit(request: HttpRequest, default: int, most: int = 1000, least: int = 1) -> int:
    """The `limit` of a list, from the query string.

    :raises Invalid: it is not an integer from `least` to `most`.
    """
    return limit_of(request.GET.get("limit"), default, most, least)


def limit_of(text: str | None, default: int, most: int = 1000, least: int = 1) -> int:
    """The `limit` of a list from the parameter's text; `default` where that is None.

    :raises Invalid: it is not an integer from `least` to `most`.
    """
    if text is None:
        return default
    limit = whole_number(text)
    if limit is None or not least <= limit <= most:
        raise Invalid(
            f"limit must be a whole number from {least} to {most}.",
            errors=[{"field": "limit", "code": "invalid", "detail": f"{least} … {most}"}],
        )
    return limit


def encode_cursor(scope: str, values: Sequence[Any]) -> str:
    """An opaque cursor, valid only for the list that `scope` names."""
    return sign_cursor(scope, write_key(values))


def write_key(values: Sequence[Any]) -> bytes:
    """A sort key as JSON, the form in which cursors hold it. It does not depend on the reader."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return json.dumps(plain, default=str, separators=(",", ":")).encode()


def sign_cursor(scope: str, key: bytes) -> str:
    """The cursor of a sort key that `write_key` made."""
    return base64.urlsafe_b64encode(_mac(scope, key) + key).decode().rstrip("=")


def decode_cursor(scope: str, cursor: str, keys: Sequence[Key], name: str = "cursor") -> list[Any]:
    """The sort key in a cursor.

    :raises Invalid: the cursor is malformed, forged, or of another list, tenant or filter.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(scope, body)):
            raise ValueError
        return [_READERS[key.kind](value) for key, value in zip(keys, json.loads(body), strict=True)]
    except ValueError:
        fault = {"field": name, "code": "invalid", "detail": "Not a cursor of this list."}
        raise Invalid(f"{name} is not a cursor of this list.", errors=[fault]) from None


def _mac(scope: str, body: bytes) -> bytes:
    return hmac.digest(settings.PEPPER, f"cursor\n{scope}\n".encode() + body, hashlib.sha256)[:MAC_BYTES]


def list_scope(request: HttpRequest, owner: object, filters_known: Iterable[str]) -> str:
    """The name of one list: its path, its owner, and the filters that shape it."""
    filters = {name: sorted(request.GET.getlist(name)) for name in sorted(filters_known) if name in request.GET}
    return scope_of(request.path_info, owner, urlencode(filters, doseq=True))


def scope_of(path: str, owner: object, filters: str = "") -> str:
    """The name of one list, from its parts."""
    return f"{path}\n{owner}\n{filters}"


def after(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    """The condition for rows behind the sort key `values`. An index can use its first term."""
    passed, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        further = Q(**{f"{key.column}__{'lt' if key.descending else 'gt'}": value})
        passed |= same & further if same else further
        same &= Q(**{key.column: value})
    first = keys[0]
    return Q(**{f"{first.column}__{'lte' if first.descending else 'gte'}": values[0]}) & passed


@dataclass(frozen=True)
class Page[M: Model]:
    """Some rows, and the cursor of the next page; None on the last page."""

    rows: list[M]
    next_cursor: str | None


def page_of[M: Model](
    rows: QuerySet[M],
    keys: Sequence[Key],
    *,
    scope: str,
    cursor: str | None,
    limit: int,
    name: str = "cursor",
) -> Page[M]:
    """One page of `rows`, ordered by `keys`.

    :raises Invalid: the cursor is not of this list.
    """
    if cursor:
        rows = rows.filter(after(keys, decode_cursor(scope, cursor, keys, name)))
    ordered = rows.order_by(*(("-" if key.descending else "") + key.column for key in keys))
    found = list(ordered[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], encode_cursor(scope, [_value(last, key.column) for key in keys]))


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def page_headers(request: HttpRequest, next_cursor: str | None) -> dict[str, str]:
    """`X-Next-Cursor` and `Link: <…>; rel="next"`; no headers on the last page."""
    if next_cursor is None:
        return {}
    query = request.GET.copy()
    query["cursor"] = next_cursor
    return next_page(request.path, query.urlencode(), next_cursor)


def next_page(path: str, query: str, next_cursor: str) -> dict[str, str]:
    """The headers that lead to the next page; `query` includes the cursor."""
    return {"X-Next-Cursor": next_cursor, "Link": f'<{path}?{query}>; rel="next"'}
