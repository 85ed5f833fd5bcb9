"""Origins of web pages (RFC 6454), as browsers send them and as clients list them."""

import re
from collections.abc import Collection
from functools import lru_cache

MOST_ORIGINS = 50
LONGEST_LIST = 4000
ANY_PORT = "*"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Pages of these schemes send the origin `null`, which is never allowed.
_NULL_SCHEMES = frozenset({"about", "blob", "data", "file", "javascript"})
_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]"
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({_HOST})(?::([0-9]{{1,5}}|\*))?", re.ASCII)
_PORT = re.compile(r":[0-9]{1,5}\Z", re.ASCII)


def read_origins(text: str) -> tuple[str, ...]:
    """The origins in `text`, separated by blanks or commas, in the spelling of browsers, sorted, each once.

    An origin is `scheme://host` or `scheme://host:port`; schemes of apps (`capacitor://localhost`) count too. `*` as
    the port stands for any, on loopback hosts only.

    :raises ValueError: its text says what is wrong.
    """
    origins = {_read(part) for part in text.lower().replace(",", " ").split()}
    if len(origins) > MOST_ORIGINS or sum(map(len, origins)) + len(origins) > LONGEST_LIST:
        raise ValueError(f"At most {MOST_ORIGINS} origins, in {LONGEST_LIST:,} characters.")
    return tuple(sorted(origins))


def _read(text: str) -> str:
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:100]} is no origin; https://game.example and http://localhost:8080 are.")
    scheme, host, port = match.groups()
    if scheme in _NULL_SCHEMES:
        raise ValueError(f"Pages of {scheme}: have no origin of their own; serve the game over http.")
    if port == ANY_PORT and host not in LOOPBACK:
        raise ValueError(f"Any port is for {', '.join(sorted(LOOPBACK))} only.")
    if port in (None, _DEFAULT_PORTS.get(scheme)):
        return f"{scheme}://{host}"
    if port != ANY_PORT and not 1 <= int(port) <= 65535:
        raise ValueError(f"{text[:100]} has no valid port.")
    return f"{scheme}://{host}:{port if port == ANY_PORT else int(port)}"


@lru_cache(maxsize=1000)
def listed(text: str) -> frozenset[str]:
    """The origins of a stored list."""
    return frozenset(text.split(","))


def is_among(origin: str, origins: Collection[str]) -> bool:
    """Whether a browser's `Origin` is one of these, or has a host whose every port is one of them."""
    return origin in origins or f"{_PORT.sub('', origin)}:{ANY_PORT}" in origins
