"""Typed readers of environment variables. An invalid value stops the start with one line that names the setting."""

import base64
import os
import re
import sys
from decimal import Decimal
from typing import NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from kgen.hosts import can_be_looked_up

# EX_CONFIG of sysexits.h. The launcher does not restart a process that exits with it.
EX_CONFIG = 78

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_read: set[str] = set()
# Former names of settings by their present name. They still work; the start logs a warning for each that is set.
FORMER_NAMES = {"KGEN_CREDENTIAL_CACHE_MS": "KGEN_BELIEVED_MS"}
_PRICE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ([A-Z]{3})", re.ASCII)


def refuse(name: str, problem: str) -> NoReturn:
    """End the process with EX_CONFIG: the setting `name` is invalid."""
    print(f"kgen: setting {name}: {problem}", file=sys.stderr)
    raise SystemExit(EX_CONFIG)


def text(name: str, default: str | None = None) -> str:
    """The variable as text, also under its former name; the present name wins. Without a default it must be set."""
    _read.add(name)
    former = FORMER_NAMES.get(name)
    if former is not None:
        _read.add(former)
        default = os.environ.get(former, default)
    value = os.environ.get(name, default)
    if value is None:
        refuse(name, "must be set")
    return value


def choice(name: str, default: str, among: tuple[str, ...]) -> str:
    """One of the words in `among`."""
    value = text(name, default)
    if value not in among:
        refuse(name, f"{value!r} is not one of {', '.join(among)}")
    return value


def flag(name: str, default: bool) -> bool:
    """A boolean: 1/true/yes/on or 0/false/no/off."""
    value = text(name, "1" if default else "0").lower()
    if value not in _TRUE | _FALSE:
        refuse(name, f"{value!r} is neither on (1, true, yes, on) nor off (0, false, no, off)")
    return value in _TRUE


def whole(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number from `least` to `most`."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and least <= int(value[:12]) <= most):
        refuse(name, f"{value!r} is not a whole number from {least} to {most}")
    return int(value)


def price(name: str) -> tuple[Decimal, str] | None:
    """An amount with its currency, as in `0.18 INR`; None if unset."""
    value = text(name, "")
    if not value:
        return None
    found = _PRICE.fullmatch(value)
    if found is None:
        refuse(name, "must be an amount and a currency, as in '0.18 INR'")
    return Decimal(found[1]), found[2]


def words(name: str, default: str) -> list[str]:
    """A comma-separated list; empty entries are dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, default: str | None, schemes: tuple[str, ...]) -> str:
    """A URL with one of the given schemes. The host of an http(s) URL must be a valid name or address."""
    value = text(name, default)
    try:
        parts = urlsplit(value)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    if scheme not in schemes:
        refuse(name, f"is not an address that starts with {' or '.join(s + '://' for s in schemes)}")
    # URLs of other schemes may name the directory of a socket instead of a host.
    if scheme in ("http", "https") and not can_be_looked_up(host):
        refuse(name, "does not name a valid host")
    return value


def key_bytes(name: str, value: str, length: int = 32) -> bytes:
    """The bytes of a key from base64url text; at least `length` bytes."""
    try:
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        raw = b""
    if len(raw) < length:
        refuse(name, f"must be base64url of at least {length} random bytes")
    return raw


def signing_secret(name: str) -> str:
    """A secret as in Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes."""
    value = text(name)
    try:
        raw = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except ValueError:
        raw = b""
    if not 24 <= len(raw) <= 64:
        refuse(name, "must be whsec_ and base64 of 24 to 64 random bytes")
    return value


def key_set(name: str) -> dict[str, bytes]:
    """Keys by their id, from `kid:base64url,kid:base64url`; the first one signs."""
    keys: dict[str, bytes] = {}
    for entry in text(name).split(","):
        kid, separator, value = entry.partition(":")
        if not separator or not kid.isalnum() or kid in keys:
            refuse(name, "must read 'kid:key,kid:key' with distinct alphanumeric kids")
        keys[kid] = key_bytes(name, value)
    if not keys:
        refuse(name, "must hold at least one key")
    return keys


def former_names_in_use() -> list[tuple[str, str]]:
    """(former name, present name) of the settings that the environment sets by their former name."""
    return [(former, name) for name, former in FORMER_NAMES.items() if former in os.environ]


def celery_broker(redis_url: str) -> str:
    """The address of the same server for kombu, which spells sockets differently."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{unquote(parts.path)}?virtual_host={database}"


def refuse_unknown(prefix: str, also: frozenset[str]) -> None:
    """End the process if a variable with this prefix is unknown: it is probably misspelt."""
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in _read and name not in also:
            refuse(name, "is not a setting of this version (see .env.example)")
