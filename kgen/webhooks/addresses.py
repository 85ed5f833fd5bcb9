"""Where a webhook may go: never into the private network, whatever a name resolves to."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from kgen.hosts import can_be_looked_up

SCHEMES = {"https": 443, "http": 80}


class Unreachable(Exception):
    """No address that a webhook may be sent to."""


@dataclass(frozen=True)
class Target:
    """An address that was checked: connect to `ip`, speak to `host`."""

    scheme: str
    host: str
    ip: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address with the checked IP in the name's place, so that it cannot resolve anew to another."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """What the Host header says."""
        default = SCHEMES[self.scheme] == self.port
        return self.host if default else f"{self.host}:{self.port}"


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
    """The address behind `url`, its IP checked.

    :raises Unreachable: it does not resolve, or to a private, loopback or otherwise special address.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SCHEMES[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # UnicodeError: a name that IDNA cannot encode, registered before such names were refused.
        raise Unreachable("the name does not resolve") from None
    ips = [str(entry[4][0]) for entry in found]
    # All of them: one public address beside a private one is how a filter is tricked.
    if not settings.WEBHOOK_PRIVATE and not all(ipaddress.ip_address(ip).is_global for ip in ips):
        raise Unreachable("the name resolves to an address that is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, ips[0], port, path)
