"""Checks where a webhook may go: never into a private network, whatever a name resolves to."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from kgen.hosts import can_be_looked_up

SCHEMES = {"https": 443, "http": 80}


class Unreachable(Exception):
    """The endpoint has no address that a webhook may go to."""


@dataclass(frozen=True)
class Target:
    """A checked address: connect to `ip`, send `host` as Host header and TLS server name."""

    scheme: str
    host: str
    ip: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL with the checked IP instead of the name, so that a second lookup cannot lead elsewhere."""
        return f"{self.scheme}://{_bracketed(self.ip)}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = _bracketed(self.host)
        return host if SCHEMES[self.scheme] == self.port else f"{host}:{self.port}"


def _bracketed(host: str) -> str:
    """A host as it stands in URLs and Host headers: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def is_acceptable(url: str) -> bool:
    """Whether an endpoint may be registered: a plain http(s) address whose host can be looked up.

    Only https, unless private addresses are allowed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    schemes = SCHEMES if settings.WEBHOOK_PRIVATE else {"https": 443}
    plain = url.isascii() and url.isprintable() and " " not in url and not parts.username and not parts.fragment
    return parts.scheme in schemes and can_be_looked_up(parts.hostname or "") and plain and port != 0


def resolve(url: str) -> Target:
    """Look up `url` and check every IP of its host.

    :raises Unreachable: the name does not resolve, or resolves to a private, loopback or otherwise special address.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SCHEMES[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # UnicodeError: IDNA cannot encode the name. Registration refuses these names now; older endpoints may have one.
        raise Unreachable("the name does not resolve") from None
    ips = [str(entry[4][0]) for entry in found]
    # Every address must be public: a public one beside a private one would get past a check of the first.
    if not settings.WEBHOOK_PRIVATE and not all(ipaddress.ip_address(ip).is_global for ip in ips):
        raise Unreachable("the name resolves to an address that is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, ips[0], port, path)
